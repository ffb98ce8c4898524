// SPDX-License-Identifier: GPL-2.0-only
/*
 * Health checks: a state machine a backend, driven by what its socket tells and
 * by one deadline for the whole check.  Nothing ever waits, so a slow server
 * holds up no other check.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ktime.h>
#include <linux/net.h>
#include <linux/random.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <rayos/compat.h>
#include <kunit/visibility.h>

#include "evidence.h"
#include "health.h"
#include "lb.h"
#include "trace.h"

/*
 * The callbacks of a socket find the prober under sk_callback_lock, and do not
 * find it any more once hang_up() has been there.
 */
static void wake(struct sock *sk)
{
	struct rayos_lb_prober *prober;

	read_lock_bh(&sk->sk_callback_lock);
	prober = sk->sk_user_data;
	if (prober)
		mod_delayed_work(rayos_lb_wq, &prober->work, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void listen_in(struct rayos_lb_prober *prober)
{
	struct sock *sk = prober->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	prober->saved.state_change = sk->sk_state_change;
	prober->saved.data_ready = sk->sk_data_ready;
	prober->saved.write_space = sk->sk_write_space;
	prober->saved.error_report = sk->sk_error_report;
	sk->sk_user_data = prober;
	sk->sk_state_change = wake;
	sk->sk_data_ready = wake;
	sk->sk_write_space = wake;
	sk->sk_error_report = wake;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* With a reset, so that no connection of ours waits out its TIME_WAIT */
static void hang_up(struct rayos_lb_prober *prober)
{
	struct sock *sk;

	if (!prober->sock)
		return;
	sk = prober->sock->sk;
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_state_change = prober->saved.state_change;
	sk->sk_data_ready = prober->saved.data_ready;
	sk->sk_write_space = prober->saved.write_space;
	sk->sk_error_report = prober->saved.error_report;
	write_unlock_bh(&sk->sk_callback_lock);
	sock_release(prober->sock);
	prober->sock = NULL;
}

/**
 * rayos_lb_check_error() - what an error of a socket says of the backend
 * @err: -errno
 *
 * Return: an &enum rayos_lb_check_result.
 */
u32 rayos_lb_check_error(int err)
{
	switch (err) {
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EPIPE:
		return RAYOS_LB_CHECK_RESULT_REFUSED;
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -EHOSTDOWN:
	case -ENETDOWN:
	case -ENOPROTOOPT:
	case -EACCES:
		return RAYOS_LB_CHECK_RESULT_UNREACHABLE;
	case -ETIMEDOUT:
		return RAYOS_LB_CHECK_RESULT_TIMEOUT;
	default:
		return RAYOS_LB_CHECK_RESULT_ERROR;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_check_error);

static int address_of(const struct rayos_lb_backend *backend,
		      struct sockaddr_storage *ss)
{
	__be16 port = backend->balancer->health.port ?: backend->addr.port;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (backend->balancer->family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_addr = backend->addr.addr.in;
		sin->sin_port = port;
		return sizeof(*sin);
	}
	sin6->sin6_family = AF_INET6;
	sin6->sin6_addr = backend->addr.addr.in6;
	sin6->sin6_port = port;
	return sizeof(*sin6);
}

/*
 * The ACK of a handshake waits for what is sent with it.  A check that asks for
 * no more than a connection sends a reset instead: to the server that is one
 * which never came to be, and its program never hears of it.
 *
 * A datagram socket is told of every ICMP error, not of those alone that are
 * final for a connection.
 */
static void prepare(struct sock *sk)
{
	sock_no_linger(sk);
	if (sk->sk_protocol == IPPROTO_TCP)
		tcp_sock_set_quickack(sk, 0);
	else if (sk->sk_family == AF_INET)
		ip_sock_set_recverr(sk);
	else
		ip6_sock_set_recverr(sk);
}

static u32 dial(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;
	struct rayos_lb_balancer *balancer = backend->balancer;
	struct sockaddr_storage ss;
	int len = address_of(backend, &ss);
	int err;

	err = sock_create_kern(balancer->ln->net, balancer->family,
			       prober->ops->type, prober->ops->protocol,
			       &prober->sock);
	if (err)
		return RAYOS_LB_CHECK_RESULT_ERROR;
	prepare(prober->sock->sk);
	err = kernel_connect(prober->sock, (struct sockaddr_unsized *)&ss, len,
			     O_NONBLOCK);
	/* what has come until then is seen without being told of it */
	listen_in(prober);
	if (err && err != -EINPROGRESS)
		return rayos_lb_check_error(err);
	return RAYOS_LB_CHECK_RESULT_NONE;
}

/* NONE while the connection is still being made */
static u32 await_connection(struct rayos_lb_prober *prober)
{
	struct sock *sk = prober->sock->sk;
	int err;

	switch (READ_ONCE(sk->sk_state)) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return RAYOS_LB_CHECK_RESULT_NONE;
	case TCP_CLOSE:
		err = sock_error(sk);
		return rayos_lb_check_error(err ?: -ECONNRESET);
	default:
		prober->talking = true;
		return RAYOS_LB_CHECK_RESULT_NONE;
	}
}

static const struct rayos_lb_probe_ops *ops_of(u32 probe)
{
	switch (probe) {
	case RAYOS_LB_PROBE_HTTP:
		return &rayos_lb_probe_http;
	case RAYOS_LB_PROBE_UDP:
		return &rayos_lb_probe_udp;
	default:
		return &rayos_lb_probe_tcp;
	}
}

static void begin_check(struct rayos_lb_backend *backend, u64 now)
{
	struct rayos_lb_prober *prober = &backend->prober;
	const struct rayos_lb_health *health = &backend->balancer->health;

	prober->ops = ops_of(health->probe);
	prober->talking = false;
	prober->sent = 0;
	prober->reply.len = 0;
	prober->began = now;
	prober->deadline = now + health->timeout;
}

static u32 expire(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;

	return prober->talking && prober->ops->late ?
		prober->ops->late(backend) : RAYOS_LB_CHECK_RESULT_TIMEOUT;
}

static u32 advance(struct rayos_lb_backend *backend, u64 now)
{
	struct rayos_lb_prober *prober = &backend->prober;
	u32 result = RAYOS_LB_CHECK_RESULT_NONE;

	if (!prober->sock) {
		begin_check(backend, now);
		result = dial(backend);
	}
	if (!result && !prober->talking)
		result = await_connection(prober);
	if (!result && prober->talking)
		result = prober->ops->step(backend);
	if (!result && now >= prober->deadline)
		result = expire(backend);
	return result;
}

static void conclude(struct rayos_lb_backend *backend, u32 result, u64 now)
{
	struct rayos_lb_prober *prober = &backend->prober;
	const struct rayos_lb_health *health = &backend->balancer->health;
	bool passed = result == RAYOS_LB_CHECK_RESULT_PASSED;

	if (passed) {
		WRITE_ONCE(prober->n_passed, prober->n_passed + 1);
		WRITE_ONCE(prober->latency, now - prober->began);
	} else {
		WRITE_ONCE(prober->n_failed, prober->n_failed + 1);
	}
	WRITE_ONCE(prober->result, result);
	WRITE_ONCE(prober->ended, now);
	trace_rayos_lb_check(backend->balancer, backend, result,
			     now - prober->began);

	/* an error of our own says nothing of the backend */
	if (result == RAYOS_LB_CHECK_RESULT_ERROR)
		return;
	if (rayos_lb_verdict_add(&prober->verdict, passed, health->rise,
				 health->fall))
		rayos_lb_net_refresh(backend->balancer->ln, 0);
}

/* At least one, so that a time that is due has come when the work runs */
static unsigned long jiffies_for(u64 when, u64 now)
{
	return nsecs_to_jiffies(when - min(when, now)) + 1;
}

static void work(struct work_struct *work)
{
	struct rayos_lb_prober *prober =
		container_of(to_delayed_work(work), struct rayos_lb_prober, work);
	struct rayos_lb_backend *backend =
		container_of(prober, struct rayos_lb_backend, prober);
	const struct rayos_lb_health *health = &backend->balancer->health;
	u64 now = ktime_get_ns();
	u64 next;
	u32 result;

	/* queued by a callback while the checks were being stopped */
	if (!READ_ONCE(prober->running))
		return;

	result = advance(backend, now);
	if (!result) {
		/* not mod_: what the socket has told meanwhile comes first */
		queue_delayed_work(rayos_lb_wq, &prober->work,
				   jiffies_for(prober->deadline, now));
		return;
	}

	hang_up(prober);
	now = ktime_get_ns();
	conclude(backend, result, now);
	next = prober->began +
	       rayos_lb_check_delay(&prober->verdict, health->interval,
				    health->rise, health->fall,
				    get_random_u32());
	/* mod_: what the socket told last is of no interest any more */
	mod_delayed_work(rayos_lb_wq, &prober->work, jiffies_for(next, now));
}

/**
 * rayos_lb_health_init() - make the prober of a new backend
 * @backend: the backend
 *
 * Context: Any.
 */
void rayos_lb_health_init(struct rayos_lb_backend *backend)
{
	INIT_DELAYED_WORK(&backend->prober.work, work);
	rayos_lb_verdict_init(&backend->prober.verdict);
}

/**
 * rayos_lb_health_start() - begin to check a backend
 * @backend: one whose checks do not run
 *
 * The first check comes within a tenth of the interval.  Nothing happens if the
 * balancer checks nothing or the backend is out of service.
 *
 * Context: Process context, namespace's lock held.
 */
void rayos_lb_health_start(struct rayos_lb_backend *backend)
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	u64 spread = health->interval / 10;

	lockdep_assert_held(&backend->balancer->ln->lock);

	/* checks, or the operator, know better than what clients have found */
	if (backend->held)
		backend->prober.verdict.healthy = false;
	rayos_lb_evidence_forget(backend);
	if (health->probe == RAYOS_LB_PROBE_NONE) {
		rayos_lb_verdict_init(&backend->prober.verdict);
		return;
	}
	if (backend->admin != RAYOS_LB_ADMIN_ONLINE &&
	    backend->state == RAYOS_LB_STATE_OFFLINE)
		return;
	/* what was found with other settings, or long ago, does not count */
	backend->prober.verdict.decided = false;
	WRITE_ONCE(backend->prober.running, true);
	queue_delayed_work(rayos_lb_wq, &backend->prober.work,
			   nsecs_to_jiffies((spread >> 16) *
					    (get_random_u32() >> 16)));
}

/**
 * rayos_lb_health_fail() - take it that a backend is unhealthy
 * @backend: one that is checked and healthy, but fails its clients
 *
 * Only checks that pass from now on bring it back; one under way does not count.
 *
 * Context: Process context, may sleep, namespace's lock held.
 */
void rayos_lb_health_fail(struct rayos_lb_backend *backend)
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	struct rayos_lb_prober *prober = &backend->prober;
	u64 delay;

	lockdep_assert_held(&backend->balancer->ln->lock);

	rayos_lb_health_stop(backend);
	rayos_lb_verdict_fail(&prober->verdict);
	WRITE_ONCE(prober->result, RAYOS_LB_CHECK_RESULT_PASSIVE);
	delay = rayos_lb_check_delay(&prober->verdict, health->interval,
				     health->rise, health->fall,
				     get_random_u32());
	WRITE_ONCE(prober->running, true);
	queue_delayed_work(rayos_lb_wq, &prober->work, nsecs_to_jiffies(delay));
}

/**
 * rayos_lb_health_stop() - check a backend no more
 * @backend: any
 *
 * Context: Process context, may sleep.  The caller may hold the namespace's
 *	lock, which the checks never take.
 */
void rayos_lb_health_stop(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;

	/* what has seen it running has ended after the first of these; what a
	 * callback of the socket queued after that does nothing, and none can
	 * any more after hang_up()
	 */
	WRITE_ONCE(prober->running, false);
	cancel_delayed_work_sync(&prober->work);
	hang_up(prober);
	cancel_delayed_work_sync(&prober->work);
}

/**
 * rayos_lb_health_good() - what checks and clients say of a backend
 * @backend: any
 *
 * Context: Process context, namespace's lock held.
 * Return: true if it is healthy, or is not checked and does not fail its clients.
 */
bool rayos_lb_health_good(const struct rayos_lb_backend *backend)
{
	return READ_ONCE(backend->prober.verdict.healthy) && !backend->held;
}
