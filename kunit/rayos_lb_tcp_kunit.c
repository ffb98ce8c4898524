// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a TCP flow as the balancer sees it.
 */
#include "fixture.h"

#define FIN	RAYOS_LB_TH_FIN
#define SYN	RAYOS_LB_TH_SYN
#define RST	RAYOS_LB_TH_RST
#define PSH	0x08
#define ACK	RAYOS_LB_TH_ACK

/* A whole life: one segment a letter, the client's in capitals */
static const struct life_case {
	const char *name;
	const char *segments;	/* S syn, X syn+ack, A ack, F fin+ack, R rst */
	u8 state;
} life_cases[] = {
	{ "syn", "S", RAYOS_LB_SYN },
	{ "syn_twice", "SS", RAYOS_LB_SYN },
	{ "answered", "Sx", RAYOS_LB_SYN_ACK },
	{ "answered_twice", "Sxx", RAYOS_LB_SYN_ACK },
	{ "client_says_syn_ack", "SX", RAYOS_LB_SYN },
	{ "backend_says_syn", "Ss", RAYOS_LB_SYN },
	{ "picked_up_in_its_middle", "Sa", RAYOS_LB_OPEN },
	{ "established", "SxA", RAYOS_LB_OPEN },
	{ "backend_speaks_first", "Sxa", RAYOS_LB_SYN_ACK },
	{ "data_both_ways", "SxAAaAaa", RAYOS_LB_OPEN },
	{ "late_syn_ack", "SxAx", RAYOS_LB_OPEN },
	{ "client_closes", "SxAF", RAYOS_LB_FIN_CLIENT },
	{ "client_closes_twice", "SxAFF", RAYOS_LB_FIN_CLIENT },
	{ "client_closes_backend_sends", "SxAFaa", RAYOS_LB_FIN_CLIENT },
	{ "backend_closes", "SxAf", RAYOS_LB_FIN_BACKEND },
	{ "backend_closes_twice", "SxAff", RAYOS_LB_FIN_BACKEND },
	{ "client_closes_first", "SxAFfA", RAYOS_LB_CLOSED },
	{ "backend_closes_first", "SxAfFa", RAYOS_LB_CLOSED },
	{ "closed_for_good", "SxAFfAaAa", RAYOS_LB_CLOSED },
	{ "new_syn_is_no_revival", "SxAFfS", RAYOS_LB_CLOSED },
	{ "refused", "Sr", RAYOS_LB_RESET },
	{ "client_gives_up", "SR", RAYOS_LB_RESET },
	{ "reset_when_answered", "SxR", RAYOS_LB_RESET },
	{ "reset_when_open", "SxAaAr", RAYOS_LB_RESET },
	{ "reset_after_fin", "SxAFr", RAYOS_LB_RESET },
	{ "reset_when_closed", "SxAFfR", RAYOS_LB_RESET },
	{ "reset_for_good", "SxArAaFfS", RAYOS_LB_RESET },
	{ "fin_before_answer", "SF", RAYOS_LB_FIN_CLIENT },
	{ "fin_with_the_handshake", "SxF", RAYOS_LB_FIN_CLIENT },
};

static void life_name(const struct life_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(life, life_cases, life_name);

static u8 flags_of(char segment)
{
	switch (segment | 0x20) {
	case 's':
		return SYN;
	case 'x':
		return SYN | ACK;
	case 'f':
		return FIN | ACK;
	case 'r':
		return RST;
	default:
		return ACK;
	}
}

static u8 live(const char *segments)
{
	u8 state = RAYOS_LB_SYN;

	for (; *segments; segments++)
		state = rayos_lb_tcp_next(state,
					  *segments & 0x20 ? RAYOS_LB_REPLY :
							     RAYOS_LB_FORWARD,
					  flags_of(*segments));
	return state;
}

static void life_of_flow(struct kunit *test)
{
	const struct life_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, live(c->segments), c->state);
}

/* States in the order in which a flow goes through them; never back */
static int age(u8 state)
{
	static const u8 ages[] = {
		[RAYOS_LB_SYN] = 0, [RAYOS_LB_SYN_ACK] = 1, [RAYOS_LB_OPEN] = 2,
		[RAYOS_LB_FIN_CLIENT] = 3, [RAYOS_LB_FIN_BACKEND] = 3,
		[RAYOS_LB_CLOSED] = 4, [RAYOS_LB_RESET] = 5,
	};

	return ages[state];
}

static const u8 state_cases[] = {
	RAYOS_LB_SYN, RAYOS_LB_SYN_ACK, RAYOS_LB_OPEN, RAYOS_LB_FIN_CLIENT,
	RAYOS_LB_FIN_BACKEND, RAYOS_LB_CLOSED, RAYOS_LB_RESET,
};

static void state_name(const u8 *state, char *desc)
{
	static const char * const name[] = {
		"syn", "syn_ack", "open", "fin_client", "fin_backend", "closed",
		"reset",
	};

	strscpy(desc, name[*state], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, state_name);

/* Any flags, from either side */
static void any_segment_keeps_invariants(struct kunit *test)
{
	u8 state = *(const u8 *)test->param_value, next;
	u32 flags, dir;

	for (dir = 0; dir < RAYOS_LB_DIR_NR; dir++) {
		for (flags = 0; flags < 256; flags++) {
			next = rayos_lb_tcp_next(state, dir, flags);
			KUNIT_EXPECT_LE(test, next, RAYOS_LB_RESET);
			KUNIT_EXPECT_GE(test, age(next), age(state));
			if (flags & RST)
				KUNIT_EXPECT_EQ(test, next, RAYOS_LB_RESET);
			else if (state != RAYOS_LB_RESET)
				KUNIT_EXPECT_NE(test, next, RAYOS_LB_RESET);
			/* the same segment once more changes nothing */
			KUNIT_EXPECT_EQ(test, rayos_lb_tcp_next(next, dir, flags),
					state == RAYOS_LB_SYN &&
					next == RAYOS_LB_SYN_ACK ?
					RAYOS_LB_SYN_ACK : next);
		}
	}
}

/* Only these flags matter; what data, urgency and congestion say does not */
static void other_flags_do_not_matter(struct kunit *test)
{
	static const u8 others[] = { PSH, 0x20, 0x40, 0x80, 0xe8 };
	u8 state = *(const u8 *)test->param_value;
	u32 flags, dir, i;

	for (dir = 0; dir < RAYOS_LB_DIR_NR; dir++) {
		for (flags = 0; flags < 256; flags++) {
			if (flags & 0xe8)
				continue;
			for (i = 0; i < ARRAY_SIZE(others); i++)
				KUNIT_EXPECT_EQ(test,
						rayos_lb_tcp_next(state, dir, flags),
						rayos_lb_tcp_next(state, dir,
								  flags | others[i]));
		}
	}
}

/* Random lives: what was closed never counts as open again */
static void random_lives(struct kunit *test)
{
	u64 seed = 1, r;
	u32 life, i, dir;
	u8 state, next;

	for (life = 0; life < 5000; life++) {
		state = RAYOS_LB_SYN;
		for (i = 0; i < 12; i++) {
			r = next_random(&seed);
			dir = r >> 63;
			/* resets only now and then, or lives would be short */
			next = rayos_lb_tcp_next(state, dir,
						 r & (r & 0xf00 ? ~RST : ~0));
			KUNIT_EXPECT_LE(test, rayos_lb_state_counts(next),
					rayos_lb_state_counts(state));
			state = next;
		}
	}
}

static const struct timeout_case {
	const char *name;
	u8 state;
	u32 seconds;
} timeout_cases[] = {
	{ "syn", RAYOS_LB_SYN, 75 },
	{ "syn_ack", RAYOS_LB_SYN_ACK, 60 },
	/* RFC 5382, REQ-5: not less than 2 hours and 4 minutes */
	{ "open", RAYOS_LB_OPEN, 7440 },
	/* RFC 5382, REQ-5: a transitory connection, not less than 4 minutes */
	{ "fin_client", RAYOS_LB_FIN_CLIENT, 240 },
	{ "fin_backend", RAYOS_LB_FIN_BACKEND, 240 },
	{ "closed", RAYOS_LB_CLOSED, 60 },
	{ "reset", RAYOS_LB_RESET, 10 },
	{ "udp_new", RAYOS_LB_UDP_NEW, 30 },
	/* RFC 4787, REQ-5: not less than 2 minutes */
	{ "udp_open", RAYOS_LB_UDP_OPEN, 120 },
};

static void timeout_name(const struct timeout_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

static void timeout_of_state(struct kunit *test)
{
	const struct timeout_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, rayos_lb_state_timeout(c->state), c->seconds);
}

/* Where the backend answers directly: the client's segments only */
static const struct life_case blind_cases[] = {
	{ "syn", "S", RAYOS_LB_SYN },
	{ "syn_twice", "SS", RAYOS_LB_SYN },
	{ "established", "SA", RAYOS_LB_OPEN },
	{ "picked_up_in_its_middle", "A", RAYOS_LB_OPEN },
	{ "late_syn", "SAS", RAYOS_LB_OPEN },
	{ "closes", "SAF", RAYOS_LB_CLOSED },
	{ "reads_on", "SAFAAA", RAYOS_LB_CLOSED },
	{ "fin_with_the_handshake", "SF", RAYOS_LB_CLOSED },
	{ "gives_up", "SR", RAYOS_LB_RESET },
	{ "resets", "SAAR", RAYOS_LB_RESET },
	{ "reset_after_fin", "SAFR", RAYOS_LB_RESET },
	{ "reset_for_good", "SARAFS", RAYOS_LB_RESET },
};

KUNIT_ARRAY_PARAM(blind, blind_cases, life_name);

static void life_seen_from_one_side(struct kunit *test)
{
	const struct life_case *c = test->param_value;
	u8 state = RAYOS_LB_SYN;
	const char *s;

	for (s = c->segments; *s; s++)
		state = rayos_lb_tcp_next_blind(state, flags_of(*s));
	KUNIT_EXPECT_EQ(test, state, c->state);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(life_of_flow, life_gen_params),
	KUNIT_CASE_PARAM(life_seen_from_one_side, blind_gen_params),
	KUNIT_CASE_PARAM(any_segment_keeps_invariants, state_gen_params),
	KUNIT_CASE_PARAM(other_flags_do_not_matter, state_gen_params),
	KUNIT_CASE(random_lives),
	KUNIT_CASE_PARAM(timeout_of_state, timeout_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_tcp",
	.test_cases = cases,
};
kunit_test_suite(suite);
