// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of the policy custom: classic BPF, checked and translated by the
 * kernel as a socket filter is.
 *
 * A program reads a packet, so it is shown one: what there is to know of the flow,
 * in a buffer that is there from the making of the program on, one for each CPU.
 */
#include <linux/filter.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <kunit/visibility.h>
#include <uapi/linux/rayos_lb.h>

#include "lb.h"
#include "policy.h"
#include "program.h"

/**
 * struct view - what a program sees of a flow, in network byte order
 * @client: the client's address
 * @vip: the virtual address
 * @client_port: the client's port
 * @vip_port: the virtual port
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @version: 4 or 6
 * @backends: members of the pool
 * @client_hash: of the client's address
 * @flow_hash: of the client's address and port
 */
struct view {
	union nf_inet_addr client;
	union nf_inet_addr vip;
	__be16 client_port;
	__be16 vip_port;
	u8 proto;
	u8 version;
	__be16 backends;
	__be32 client_hash;
	__be32 flow_hash;
};

static_assert(offsetof(struct view, client) == RAYOS_LB_VIEW_CLIENT);
static_assert(offsetof(struct view, vip) == RAYOS_LB_VIEW_VIP);
static_assert(offsetof(struct view, client_port) == RAYOS_LB_VIEW_CLIENT_PORT);
static_assert(offsetof(struct view, vip_port) == RAYOS_LB_VIEW_PORT);
static_assert(offsetof(struct view, proto) == RAYOS_LB_VIEW_PROTO);
static_assert(offsetof(struct view, version) == RAYOS_LB_VIEW_VERSION);
static_assert(offsetof(struct view, backends) == RAYOS_LB_VIEW_BACKENDS);
static_assert(offsetof(struct view, client_hash) == RAYOS_LB_VIEW_CLIENT_HASH);
static_assert(offsetof(struct view, flow_hash) == RAYOS_LB_VIEW_FLOW_HASH);
static_assert(sizeof(struct view) == RAYOS_LB_VIEW_LEN);
static_assert(BPF_MAXINSNS * sizeof(struct sock_filter) == RAYOS_LB_PROGRAM_MAX);

/**
 * struct rayos_lb_program - a program
 * @prog: as the kernel runs it
 * @skb: what it is shown, one a CPU; used with bottom halves off
 * @refs: one for each setting and each snapshot with it
 * @free: its memory goes in process context
 * @nr: instructions
 * @insns: as the operator gave them
 */
struct rayos_lb_program {
	struct bpf_prog *prog;
	struct sk_buff * __percpu *skb;
	refcount_t refs;
	struct work_struct free;
	u32 nr;
	struct sock_filter insns[];
};

static void free_views(struct rayos_lb_program *program)
{
	int cpu;

	if (!program->skb)
		return;
	for_each_possible_cpu(cpu)
		kfree_skb(*per_cpu_ptr(program->skb, cpu));
	free_percpu(program->skb);
}

static bool make_views(struct rayos_lb_program *program)
{
	struct sk_buff *skb;
	int cpu;

	program->skb = alloc_percpu_gfp(struct sk_buff *, GFP_KERNEL_ACCOUNT);
	if (!program->skb)
		return false;
	for_each_possible_cpu(cpu) {
		skb = alloc_skb(sizeof(struct view), GFP_KERNEL_ACCOUNT);
		if (!skb)
			return false;
		skb_put_zero(skb, sizeof(struct view));
		/* a program may address headers, which begin where the view does */
		skb_reset_mac_header(skb);
		skb_reset_network_header(skb);
		*per_cpu_ptr(program->skb, cpu) = skb;
	}
	return true;
}

static u32 load_size(const struct sock_filter *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* Of what a filter may ask about its packet, what makes sense without a device */
static bool extension(u32 k)
{
	return k == (u32)(SKF_AD_OFF + SKF_AD_CPU) ||
	       k == (u32)(SKF_AD_OFF + SKF_AD_RANDOM) ||
	       k == (u32)(SKF_AD_OFF + SKF_AD_ALU_XOR_X);
}

/* What is loaded through X is checked when it runs, and ends it with a result of 0 */
static bool stays_within(const struct sock_filter *insn)
{
	u16 class = BPF_CLASS(insn->code), mode = BPF_MODE(insn->code);

	if (class == BPF_LDX && mode == BPF_MSH)
		return insn->k < sizeof(struct view);
	if (class != BPF_LD || mode != BPF_ABS)
		return true;
	return extension(insn->k) ||
	       (insn->k < sizeof(struct view) &&
		insn->k + load_size(insn) <= sizeof(struct view));
}

static int check(const struct rayos_lb_program *program,
		 struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < program->nr; i++) {
		if (stays_within(&program->insns[i]))
			continue;
		NL_SET_ERR_MSG(extack,
			       "the program loads what is not in its view of a flow");
		return -EINVAL;
	}
	return 0;
}

static int translate(struct rayos_lb_program *program,
		     struct netlink_ext_ack *extack)
{
	struct sock_fprog_kern fprog = {
		.len = program->nr,
		.filter = program->insns,
	};
	int err;

	err = bpf_prog_create(&program->prog, &fprog);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(extack, "not a valid program of classic BPF");
	return err;
}

static void program_free(struct rayos_lb_program *program)
{
	if (program->prog)
		bpf_prog_destroy(program->prog);
	free_views(program);
	kvfree(program);
}

static void free_work(struct work_struct *work)
{
	program_free(container_of(work, struct rayos_lb_program, free));
}

/**
 * rayos_lb_program_new() - make a program
 * @insns: its instructions
 * @nr: their number, 1 to BPF_MAXINSNS
 * @extack: told what is wrong with them
 *
 * Context: Process context, may sleep.
 * Return: the program, with one reference, or ERR_PTR().
 */
struct rayos_lb_program *rayos_lb_program_new(const struct sock_filter *insns,
					      u32 nr,
					      struct netlink_ext_ack *extack)
{
	struct rayos_lb_program *program;
	int err;

	program = kvzalloc(struct_size(program, insns, nr), GFP_KERNEL_ACCOUNT);
	if (!program)
		return ERR_PTR(-ENOMEM);
	refcount_set(&program->refs, 1);
	INIT_WORK(&program->free, free_work);
	program->nr = nr;
	memcpy(program->insns, insns, nr * sizeof(*insns));
	err = check(program, extack) ?: translate(program, extack);
	if (!err && !make_views(program))
		err = -ENOMEM;
	if (!err)
		return program;
	program_free(program);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_program_new);

/**
 * rayos_lb_program_get() - take a reference
 * @program: one that the caller has a reference to, or NULL
 *
 * Context: Any.
 */
void rayos_lb_program_get(struct rayos_lb_program *program)
{
	if (program)
		refcount_inc(&program->refs);
}

/**
 * rayos_lb_program_put() - drop a reference
 * @program: one that no packet can meet any more by this reference, or NULL
 *
 * Context: Any.
 */
void rayos_lb_program_put(struct rayos_lb_program *program)
{
	if (program && refcount_dec_and_test(&program->refs))
		queue_work(rayos_lb_wq, &program->free);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_program_put);

/**
 * rayos_lb_program_insns() - what a program is made of
 * @program: the program
 * @nr: set to the number of its instructions
 *
 * Return: the instructions, which live as long as it does.
 */
const struct sock_filter *
rayos_lb_program_insns(const struct rayos_lb_program *program, u32 *nr)
{
	*nr = program->nr;
	return program->insns;
}

/**
 * rayos_lb_program_equal() - whether two programs are the same
 * @a: a program or NULL
 * @b: another or NULL
 *
 * Return: true if they have the same instructions, or are both NULL.
 */
bool rayos_lb_program_equal(const struct rayos_lb_program *a,
			    const struct rayos_lb_program *b)
{
	if (!a || !b)
		return a == b;
	return a->nr == b->nr &&
	       !memcmp(a->insns, b->insns, a->nr * sizeof(*a->insns));
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_program_equal);

/**
 * rayos_lb_program_pick() - have a program pick
 * @pool: of the policy custom
 * @ctx: the flow
 *
 * Context: Bottom halves off, within RCU.
 * Return: what the program returns, %RAYOS_LB_PICK_TURN without one.
 */
u32 rayos_lb_program_pick(const struct rayos_lb_pool *pool,
			  const struct rayos_lb_pick_ctx *ctx)
{
	struct sk_buff *skb;
	struct view *view;

	if (!pool->program)
		return RAYOS_LB_PICK_TURN;
	skb = *this_cpu_ptr(pool->program->skb);
	view = (struct view *)skb->data;
	view->client = *ctx->client;
	view->vip = *ctx->vip;
	view->client_port = ctx->client_port;
	view->vip_port = ctx->vip_port;
	view->proto = ctx->l4;
	view->version = ctx->family == AF_INET ? 4 : 6;
	view->backends = htons(pool->nr);
	view->client_hash = htonl(ctx->client_hash);
	view->flow_hash = htonl(ctx->flow_hash);
	return bpf_prog_run(pool->program->prog, skb);
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_program_pick);
