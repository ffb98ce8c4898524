/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is configured: balancers, their backends, and the network namespace
 * they belong to.
 */
#ifndef _RAYOS_LB_LB_H
#define _RAYOS_LB_LB_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <uapi/linux/rayos_lb.h>

#include "flow.h"
#include "gate.h"
#include "picker.h"
#include "policy.h"
#include "rate.h"
#include "stats.h"
#include "tuple.h"
#include "verdict.h"

struct netlink_ext_ack;
struct rayos_lb_probe_ops;

#define RAYOS_LB_VIP_BUCKETS		256
#define RAYOS_LB_ADDRESS_BUCKETS	256
#define RAYOS_LB_SENDERS		256
#define RAYOS_LB_SERVER_BUCKETS		256

/* Module parameters, main.c */
extern unsigned int rayos_lb_max_balancers;
extern unsigned int rayos_lb_max_backends;
extern unsigned int rayos_lb_max_affinities;
extern unsigned int rayos_lb_flow_bits;
extern bool rayos_lb_fast_path;

/* For what may sleep and what runs at intervals; unbound, main.c */
extern struct workqueue_struct *rayos_lb_wq;

/**
 * struct rayos_lb_health - how the backends of a balancer are checked
 * @probe: an &enum rayos_lb_probe
 * @port: port to check, 0 for the backend's own
 * @interval: from one check to the next, ns
 * @timeout: longest time of one check, ns
 * @rise: passed checks in a row that make an unhealthy backend healthy
 * @fall: failed checks in a row that make a healthy backend unhealthy
 * @status_min: least HTTP status that passes
 * @status_max: greatest HTTP status that passes
 * @path: what an HTTP check asks for
 * @host: Host header of an HTTP check, empty for the backend's address
 * @method: of an HTTP check
 * @require_reply: a UDP check needs an answer, an &enum rayos_lb_switch
 * @send_len: bytes in @send
 * @send: payload of the datagram of a UDP check, zero behind it
 */
struct rayos_lb_health {
	u32 probe;
	__be16 port;
	u64 interval;
	u64 timeout;
	u32 rise;
	u32 fall;
	u16 status_min;
	u16 status_max;
	char path[RAYOS_LB_PATH_MAX + 1];
	char host[RAYOS_LB_PATH_MAX + 1];
	char method[RAYOS_LB_METHOD_MAX + 1];
	u32 require_reply;
	u32 send_len;
	u8 send[RAYOS_LB_PAYLOAD_MAX + 1];
};

/**
 * struct rayos_lb_settings - what can be changed of a balancer
 * @policy: an &enum rayos_lb_policy
 * @when_down: an &enum rayos_lb_when_down
 * @affinity: in ns
 * @passive: failures of clients in a row that make a backend unhealthy, 0 for none
 * @on_down: an &enum rayos_lb_on_down
 * @affinity_prefix: bits of a client's address that tell it from others, 0 for
 *	all
 * @slow_start: in ns
 * @picker: what picks if it is not ours
 * @health: how backends are checked
 *
 * Compared as memory: whoever makes one begins with a copy of a whole one.  The
 * references of its picker are its own; rayos_lb_settings_put() drops them.
 */
struct rayos_lb_settings {
	u32 policy;
	u32 when_down;
	u64 affinity;
	u32 passive;
	u32 on_down;
	u32 affinity_prefix;
	u64 slow_start;
	struct rayos_lb_picker picker;
	struct rayos_lb_health health;
};

/**
 * struct rayos_lb_backend_settings - what can be changed of a backend
 * @weight: share of new flows
 * @limit: most open flows
 * @admin: an &enum rayos_lb_admin
 * @role: an &enum rayos_lb_role
 */
struct rayos_lb_backend_settings {
	u32 weight;
	u32 limit;
	u32 admin;
	u32 role;
};

extern const struct rayos_lb_settings rayos_lb_settings_default;
extern const struct rayos_lb_backend_settings rayos_lb_backend_settings_default;

/**
 * struct rayos_lb_prober - the health checks of one backend
 * @work: does the next step of a check, or begins the next check
 * @ops: what kind of check is under way
 * @running: checks are wanted; cleared before @work is cancelled
 * @sock: its socket, NULL between checks
 * @saved: the callbacks that @sock had
 * @talking: the connection stands, the answer is awaited
 * @sent: bytes of the request that have been sent; of a datagram whether
 * @began: when the check under way began, ns of ktime_get_ns()
 * @deadline: when it has failed
 * @reply: what the server has answered so far
 * @verdict: what the checks add up to
 * @result: an &enum rayos_lb_check_result, of the last check
 * @status: HTTP status of the last answer, 0 if there was none
 * @n_passed: checks passed
 * @n_failed: checks failed
 * @latency: how long the last passed check took, ns
 * @ended: when the last check ended, ns of ktime_get_ns()
 *
 * While @running only @work writes here, and it never takes a lock that is held
 * while it is cancelled.  Others read single values, each for itself.
 */
struct rayos_lb_prober {
	struct delayed_work work;
	const struct rayos_lb_probe_ops *ops;
	bool running;
	struct socket *sock;
	struct {
		void (*state_change)(struct sock *sk);
		void (*data_ready)(struct sock *sk);
		void (*write_space)(struct sock *sk);
		void (*error_report)(struct sock *sk);
	} saved;
	bool talking;
	u32 sent;
	u64 began;
	u64 deadline;
	struct rayos_lb_http_reply reply;
	struct rayos_lb_verdict verdict;
	u32 result;
	u32 status;
	u64 n_passed;
	u64 n_failed;
	u64 latency;
	u64 ended;
};

/**
 * struct rayos_lb_backend - a server
 * @addr: where it is
 * @weight: share of new flows, 0 for none
 * @limit: most open flows, 0 for any number
 * @state: an &enum rayos_lb_state; written under the namespace's lock
 * @id: number within the balancer
 * @balancer: whose it is; holds a reference
 * @stats: counters
 * @route: the way to it
 * @active: open flows
 * @affinities: clients that affinity holds to it
 * @refs: one for being listed, one for each flow and each affinity
 * @failures: of clients in a row, see passive.h; what succeeds makes it 0
 * @role: an &enum rayos_lb_role; written under the namespace's lock
 * @admin: an &enum rayos_lb_admin, under the namespace's lock
 * @deadline: when its drain ends, ns of ktime_get_ns(), 0 for never
 * @since: when it came into its state, ns of ktime_get_ns()
 * @ramp_began: when its slow start began, ns of ktime_get_ns()
 * @part: how much of its weight it has, less than %RAYOS_LB_RAMP_ONE during its
 *	slow start
 * @removed: it has left the configuration and lives for its flows only
 * @leaving: no snapshot shall have it any more, though its state does not say so
 *	yet; under the namespace's lock
 * @held: it has failed its clients and gets nothing until @until, under the
 *	namespace's lock; only where there are no checks
 * @hold: for how long, ns; of the last time, if it is not @held
 * @until: ns of ktime_get_ns()
 * @rates: how fast its counters grow, under the namespace's lock
 * @prober: its health checks
 * @list: in the balancer's backends or in the namespace's removed ones, under
 *	the namespace's lock
 * @server: in the namespace's hash of servers while it is one of the balancer's
 *	backends; changed under the namespace's lock, walked under RCU
 * @free: its memory goes in process context
 *
 * What the packets of established flows read comes first; what changes with
 * every new flow has a cache line of its own.
 */
struct rayos_lb_backend {
	struct rayos_lb_endpoint addr;
	u32 weight;
	u32 limit;
	u32 state;
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_cpu_stats __percpu *stats;
	struct rayos_lb_route route;

	atomic_t active ____cacheline_aligned_in_smp;
	atomic_t affinities;
	refcount_t refs;
	atomic_t failures;
	u32 role;

	u32 id ____cacheline_aligned_in_smp;
	u32 admin;
	u64 deadline;
	u64 since;
	u64 ramp_began;
	u32 part;
	bool removed;
	bool leaving;
	bool held;
	u64 hold;
	u64 until;
	struct rayos_lb_rates rates;
	struct rayos_lb_prober prober;
	struct list_head list;
	struct hlist_node server;
	struct rcu_work free;
};

/**
 * struct rayos_lb_snapshot - what new flows are picked from
 * @pool: the policy's view
 * @backend: the backends of @pool, by index; a snapshot holds no references,
 *	as a backend is freed a grace period after the last snapshot with it
 *	was replaced
 * @fallback: picked from when nobody here takes a flow, or NULL
 * @picker: what picks if it is not ours, with references
 * @rcu: for freeing it
 */
struct rayos_lb_snapshot {
	struct rayos_lb_pool pool;
	struct rayos_lb_backend **backend;
	struct rayos_lb_snapshot *fallback;
	struct rayos_lb_picker picker;
	struct rcu_head rcu;
};

/**
 * struct rayos_lb_balancer - a virtual address and who serves it
 * @vip: the address
 * @family: AF_INET or AF_INET6
 * @l4: IPPROTO_TCP or IPPROTO_UDP
 * @id: number within the namespace
 * @link: in the namespace's hash of virtual addresses
 * @snapshot: what new flows are picked from, NULL when there is no backend
 * @stale: @snapshot is older than the configuration for want of memory, under
 *	the namespace's lock
 * @affinity: how long a client keeps its backend, ns, 0 for not at all
 * @when_down: an &enum rayos_lb_when_down
 * @passive: failures of clients in a row that make a backend unhealthy, 0 for
 *	any number
 * @mode: an &enum rayos_lb_mode, for life
 * @source: with full NAT, what backends see as the client's address; zero for
 *	what routing chooses
 * @affinity_prefix: as in &struct rayos_lb_settings
 * @cursor: the turn of policies which take turns
 * @fallback_cursor: the same among fallback backends
 * @stats: what no backend got, and what dead backends leave
 * @affinities: clients remembered
 * @ln: the namespace
 * @refs: one for the configuration, one for each backend
 * @name: unique in the namespace
 * @policy: an &enum rayos_lb_policy
 * @on_down: an &enum rayos_lb_on_down
 * @picker: what picks if it is not ours, with references
 * @slow_start: after what time a backend that comes into service has all of its
 *	weight, ns, 0 for at once
 * @health: how backends are checked; changed only while no prober runs
 * @backends: in order of id
 * @nr_backends: length of @backends
 * @last_id: id of the backend that was added last
 * @retired: counters of backends that are gone
 * @rates: how fast its counters grow, those of its backends included
 * @free: its memory goes in process context
 *
 * Everything from @name on is under the namespace's lock.
 */
struct rayos_lb_balancer {
	struct hlist_node link;
	struct rayos_lb_endpoint vip;
	u8 family;
	u8 l4;
	u32 id;
	struct rayos_lb_snapshot __rcu *snapshot;
	u64 affinity;
	u32 when_down;
	u32 passive;
	u32 mode;
	struct rayos_lb_cpu_stats __percpu *stats;
	struct rayos_lb_net *ln;
	union nf_inet_addr source;
	u32 affinity_prefix;

	atomic_t cursor ____cacheline_aligned_in_smp;
	atomic_t fallback_cursor;
	atomic_t affinities;
	refcount_t refs;

	char name[RAYOS_LB_NAME_MAX + 1] ____cacheline_aligned_in_smp;
	u32 policy;
	u32 on_down;
	bool stale;
	struct rayos_lb_picker picker;
	u64 slow_start;
	struct rayos_lb_health health;
	struct list_head backends;
	u32 nr_backends;
	u32 last_id;
	struct rayos_lb_stats retired;
	struct rayos_lb_rates rates;
	struct rcu_work free;
};

/**
 * struct rayos_lb_net - one network namespace
 * @net: it
 * @flows: its flow table; its memory is there from the first balancer on
 * @vips: balancers by virtual address; changed under @lock, read under RCU
 * @lock: serialises all configuration of the namespace
 * @balancers: by id, under @lock
 * @nr_balancers: their number
 * @generation: changes with the lists of balancers and backends, so that a
 *	dump in several parts can tell that it missed something
 * @removed: backends that have left the configuration but still have flows,
 *	under @lock
 * @addresses: whose fragments must be put together, see address.c
 * @servers: backends by address and port, see overflow.c
 * @overflow: jiffies when there was no room for a flow, 0 for never
 * @active: hooks are registered and the flow table has its memory
 * @dying: the namespace goes away, nothing may begin any more
 * @translates: there has been a balancer whose flows may have a source address
 *	and port of ours, which sockets of this host must not use as well
 * @refresh: brings the states of backends up to date with what probers and
 *	flows have come to
 * @sample: averages how fast counters grow, while there are balancers
 * @lro: turns large receive offload off
 * @tap: taps all devices
 * @taps: hooks at the ingress of devices, by the index of the device, under RTNL
 * @tapping: devices that come are tapped, under RTNL
 * @entering: whether the fast path may leave out the hooks of others at
 *	PRE_ROUTING, for IPv4 and IPv6
 * @leaving: whether packets may leave out the hooks at POST_ROUTING
 * @senders: IPv4 addresses that packets may come from, see martian.c
 * @affinity: clients and their backends
 * @frag6: fragments of IPv6 packets under way
 */
struct rayos_lb_net {
	struct net *net;
	struct rayos_lb_flow_table flows;
	struct hlist_head vips[RAYOS_LB_VIP_BUCKETS];
	struct mutex lock; /* all configuration */
	struct xarray balancers;
	u32 nr_balancers;
	u32 generation;
	struct list_head removed;
	struct hlist_head addresses[RAYOS_LB_ADDRESS_BUCKETS];
	struct hlist_head servers[RAYOS_LB_SERVER_BUCKETS];
	unsigned long overflow;
	bool active;
	bool dying;
	bool translates;
	struct delayed_work refresh;
	struct delayed_work sample;
	struct work_struct lro;
	struct work_struct tap;
	struct xarray taps;
	bool tapping;
	struct rayos_lb_gate entering[2];
	struct rayos_lb_gate leaving[2];
	u64 senders[RAYOS_LB_SENDERS];
	struct rayos_lb_affinity_table *affinity;
	struct rayos_lb_frag6_table *frag6;
};

/* net.c: the namespace */
struct rayos_lb_net *rayos_lb_net(const struct net *net);
int rayos_lb_net_init(void);
void rayos_lb_net_exit(void);
void rayos_lb_net_setup(struct rayos_lb_net *ln, struct net *net);
int rayos_lb_net_tables(struct rayos_lb_net *ln);
void rayos_lb_net_teardown(struct rayos_lb_net *ln);
int rayos_lb_net_activate(struct rayos_lb_net *ln,
			  struct netlink_ext_ack *extack);
void rayos_lb_net_quiesce(void);
void rayos_lb_net_refresh(struct rayos_lb_net *ln, u64 delay);

/* sample.c */
void rayos_lb_sample_setup(struct rayos_lb_net *ln);
void rayos_lb_sample_begin(struct rayos_lb_net *ln);
void rayos_lb_sample_end(struct rayos_lb_net *ln);

/* lro.c */
int rayos_lb_lro_init(void);
void rayos_lb_lro_exit(void);
void rayos_lb_lro_setup(struct rayos_lb_net *ln);
void rayos_lb_lro_disable(struct rayos_lb_net *ln);

/* tap.c */
int rayos_lb_tap_init(void);
void rayos_lb_tap_exit(void);
void rayos_lb_tap_setup(struct rayos_lb_net *ln);
void rayos_lb_tap_attach(struct rayos_lb_net *ln);
void rayos_lb_tap_detach(struct rayos_lb_net *ln);

/* balancer.c */
struct rayos_lb_balancer *
rayos_lb_balancer_lookup(struct rayos_lb_net *ln, const char *name);
struct rayos_lb_balancer *
rayos_lb_balancer_find(const struct rayos_lb_net *ln,
		       const struct rayos_lb_tuple *tuple);
struct rayos_lb_balancer *
rayos_lb_balancer_new(struct rayos_lb_net *ln, const char *name,
		      const struct rayos_lb_endpoint *vip, u8 family, u8 l4);
int rayos_lb_balancer_add(struct rayos_lb_balancer *balancer,
			  struct netlink_ext_ack *extack);
int rayos_lb_balancer_reserve(struct rayos_lb_balancer *balancer,
			      struct netlink_ext_ack *extack);
void rayos_lb_balancer_unreserve(struct rayos_lb_balancer *balancer);
void rayos_lb_balancer_link(struct rayos_lb_balancer *balancer);
void rayos_lb_balancer_settings(const struct rayos_lb_balancer *balancer,
				struct rayos_lb_settings *settings);
void rayos_lb_settings_put(struct rayos_lb_settings *settings);
bool rayos_lb_balancer_apply(struct rayos_lb_balancer *balancer,
			     const struct rayos_lb_settings *settings);
void rayos_lb_balancer_replace(struct rayos_lb_balancer *balancer,
			       struct rayos_lb_snapshot *new);
void rayos_lb_balancer_del(struct rayos_lb_balancer *balancer, bool reset);
void rayos_lb_balancer_put(struct rayos_lb_balancer *balancer);
int rayos_lb_balancer_publish(struct rayos_lb_balancer *balancer);
void rayos_lb_balancer_unpublish(struct rayos_lb_balancer *balancer);
void rayos_lb_balancer_stats(struct rayos_lb_balancer *balancer,
			     struct rayos_lb_stats *sum);

/* address.c */
int rayos_lb_address_add(struct rayos_lb_net *ln,
			 const union nf_inet_addr *addr);
void rayos_lb_address_del(struct rayos_lb_net *ln,
			  const union nf_inet_addr *addr);
bool rayos_lb_address_known(const struct rayos_lb_net *ln,
			    const union nf_inet_addr *addr);

/* martian.c */
bool rayos_lb_martian(struct rayos_lb_net *ln, const struct net_device *dev,
		      const struct rayos_lb_tuple *tuple);

/* affinity.c */
struct rayos_lb_affinity_table *rayos_lb_affinity_table_new(void);
void rayos_lb_affinity_table_free(struct rayos_lb_affinity_table *table);
struct rayos_lb_backend *
rayos_lb_affinity_lookup(const struct rayos_lb_balancer *balancer,
			 const struct rayos_lb_tuple *tuple);
void rayos_lb_affinity_set(struct rayos_lb_balancer *balancer,
			   const struct rayos_lb_tuple *tuple,
			   struct rayos_lb_backend *backend);
void rayos_lb_affinity_expire(struct rayos_lb_affinity_table *table);
void rayos_lb_affinity_forget_all(struct rayos_lb_affinity_table *table,
				  const struct rayos_lb_balancer *balancer);
void rayos_lb_affinity_forget(struct rayos_lb_affinity_table *table,
			      const struct rayos_lb_backend *backend);

/* snapshot.c */
struct rayos_lb_snapshot *
rayos_lb_snapshot_alloc(struct rayos_lb_balancer *balancer,
			const struct rayos_lb_picker *picker, u32 policy,
			u32 nr, u32 nr_fallback, bool ramp);
void rayos_lb_snapshot_fill(struct rayos_lb_snapshot *snapshot,
			    const struct rayos_lb_balancer *balancer);
struct rayos_lb_snapshot *
rayos_lb_snapshot_new(struct rayos_lb_balancer *balancer);
void rayos_lb_snapshot_free(struct rayos_lb_snapshot *snapshot);

/* backend.c */
struct rayos_lb_backend *
rayos_lb_backend_lookup(struct rayos_lb_balancer *balancer,
			const struct rayos_lb_endpoint *addr);
struct rayos_lb_backend *
rayos_lb_backend_new(struct rayos_lb_balancer *balancer,
		     const struct rayos_lb_endpoint *addr);
int rayos_lb_backend_add(struct rayos_lb_backend *backend,
			 struct netlink_ext_ack *extack);
void rayos_lb_backend_attach(struct rayos_lb_backend *backend, u64 now);
struct rayos_lb_backend_settings
rayos_lb_backend_settings(const struct rayos_lb_backend *backend);
bool rayos_lb_backend_apply(struct rayos_lb_backend *backend,
			    const struct rayos_lb_backend_settings *settings,
			    u64 now);
void rayos_lb_backend_detach(struct rayos_lb_backend *backend, bool reset);
void rayos_lb_backend_del(struct rayos_lb_backend *backend, bool reset);
void rayos_lb_backend_put(struct rayos_lb_backend *backend);
bool rayos_lb_backend_get(struct rayos_lb_backend *backend);
bool rayos_lb_backend_refresh(struct rayos_lb_backend *backend, u64 now);
bool rayos_lb_backend_ramp(struct rayos_lb_backend *backend, u64 now);
u64 rayos_lb_backend_ramp_next(const struct rayos_lb_backend *backend, u64 now);
u64 rayos_lb_backend_share(const struct rayos_lb_backend *backend);
void rayos_lb_backend_reap(struct rayos_lb_backend *backend);
u32 rayos_lb_backend_state(u32 admin, bool healthy, bool drained);

/* schedule.c: new flows */
struct rayos_lb_flow *rayos_lb_schedule(struct rayos_lb_balancer *balancer,
					const struct rayos_lb_pkt *pkt);
struct rayos_lb_flow *
rayos_lb_schedule_quietly(struct rayos_lb_balancer *balancer,
			  const struct rayos_lb_pkt *pkt);
struct rayos_lb_flow *
rayos_lb_schedule_beside(struct rayos_lb_balancer *balancer,
			 const struct rayos_lb_pkt *pkt,
			 const struct rayos_lb_backend *avoid);
bool rayos_lb_schedule_possible(const struct rayos_lb_balancer *balancer,
				const struct rayos_lb_backend *avoid);
struct rayos_lb_backend *
rayos_lb_schedule_stateless(const struct rayos_lb_balancer *balancer,
			    const struct rayos_lb_pkt *pkt);

/**
 * rayos_lb_backend_takes() - whether a backend may be given one more flow
 * @backend: any backend
 *
 * Return: false if it is not healthy, has no weight, or is at its limit.
 */
static inline bool rayos_lb_backend_takes(const struct rayos_lb_backend *backend)
{
	u32 limit = READ_ONCE(backend->limit);

	return READ_ONCE(backend->state) == RAYOS_LB_STATE_HEALTHY &&
	       READ_ONCE(backend->weight) &&
	       (!limit || (u32)atomic_read(&backend->active) < limit);
}

#endif
