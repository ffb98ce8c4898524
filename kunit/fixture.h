/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: a namespace of their own with balancers and backends
 * that the module made, clients' packets, and numbers at random.
 */
#ifndef _KUNIT_FIXTURE_H
#define _KUNIT_FIXTURE_H

#include <kunit/test.h>

#include "lb.h"
#include "path.h"
#include "random.h"

/* What rayos_lb_maglev_build() makes an offset and a skip of */
#define MAGLEV_IDENTITY(offset, skip)	((u64)(offset) << 32 | ((skip) - 1))

/**
 * struct fixture - what a test of more than arithmetic runs on
 * @ln: the namespace, known to this test only
 * @max_balancers: module parameter, put back at the end
 * @max_backends: likewise
 * @max_flows: likewise
 * @max_affinities: likewise
 * @flow_bits: likewise
 *
 * An assertion must not end a test while it holds a lock; helpers which take
 * one therefore return what they found, and it is looked at outside.
 */
struct fixture {
	struct rayos_lb_net ln;
	unsigned int max_balancers;
	unsigned int max_backends;
	unsigned int max_flows;
	unsigned int max_affinities;
	unsigned int flow_bits;
};

/* fixture.c: as init and exit of a suite */
int fixture_init(struct kunit *test);
void fixture_exit(struct kunit *test);

struct rayos_lb_endpoint fixture_vip(u8 family, u32 n);
struct rayos_lb_endpoint fixture_server(u8 family, u32 n);
struct rayos_lb_balancer *fixture_balancer(struct kunit *test, u32 n,
					   u8 family, u8 l4, u32 policy);
struct rayos_lb_balancer *fixture_tcp(struct kunit *test, u32 policy);
struct rayos_lb_backend *fixture_backend(struct kunit *test,
					 struct rayos_lb_balancer *balancer,
					 u32 n, u32 weight);
void fixture_backends(struct kunit *test, struct rayos_lb_balancer *balancer,
		      struct rayos_lb_backend **backend, u32 nr);
int fixture_publish(struct rayos_lb_balancer *balancer);
bool fixture_refresh(struct rayos_lb_backend *backend, u64 now);
void fixture_remove(struct rayos_lb_backend *backend, bool reset);
bool fixture_check(struct rayos_lb_backend *backend, bool passed, u32 times);

struct rayos_lb_pkt fixture_packet(const struct rayos_lb_balancer *balancer,
				   u32 client, u16 port, u8 flags, u32 payload);
struct rayos_lb_flow *fixture_connect(struct rayos_lb_balancer *balancer,
				      u32 client, u16 port);
struct rayos_lb_backend *fixture_server_of(struct rayos_lb_balancer *balancer,
					   u32 client, u16 port);
void fixture_observe(struct rayos_lb_flow *flow, enum rayos_lb_dir dir,
		     u8 flags, u32 payload);
void fixture_close(struct rayos_lb_flow *flow);
void fixture_counters(const struct rayos_lb_backend *backend,
		      struct rayos_lb_stats *stats);
u64 fixture_counter(const struct rayos_lb_backend *backend,
		    enum rayos_lb_counter counter);
u64 fixture_total(struct rayos_lb_balancer *balancer,
		  enum rayos_lb_counter counter);
void fixture_settle(void);

struct rayos_lb_pool *fixture_pool(struct kunit *test,
				   const struct rayos_lb_policy_ops *policy,
				   u32 nr, const u32 *weight,
				   const u64 *identity, u32 table_len);
atomic_t *fixture_active(struct rayos_lb_pool *pool, u32 member);
void fixture_count_slots(const struct rayos_lb_pool *pool, u32 *slots);
u64 chi_square(const u64 *seen, const u64 *weight, u32 nr);

#endif
