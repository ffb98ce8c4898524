// SPDX-License-Identifier: GPL-2.0-only
/*
 * Health checks that run: against a server in the kernel, over loopback.
 */
#include <linux/delay.h>
#include <linux/inetdevice.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/net.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <rayos/compat.h>

#include "fixture.h"

#define PORT		18080
#define INTERVAL	(100 * NSEC_PER_MSEC)

/**
 * struct server - who answers
 * @listener: where
 * @answer: what, to every client; NULL for nothing at all
 * @portion: bytes to send at once, 0 for all
 * @clients: how many have come
 * @request: what the first of them has asked
 */
struct server {
	struct socket *listener;
	const char *answer;
	u32 portion;
	atomic_t clients;
	char request[256];
};

static void loopback_up(void)
{
	rtnl_lock();
	dev_open(init_net.loopback_dev, NULL);
	rtnl_unlock();
}

static int probe_init(struct kunit *test)
{
	loopback_up();
	return fixture_init(test);
}

static struct socket *listen(u16 port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct socket *sock;

	if (sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &sock))
		return NULL;
	sock_set_reuseaddr(sock->sk);
	if (kernel_bind(sock, (struct sockaddr_unsized *)&sin, sizeof(sin)) ||
	    kernel_listen(sock, 64)) {
		sock_release(sock);
		return NULL;
	}
	return sock;
}

/* In portions as they come; a client that has gone is none of our business */
static void answer(const struct server *server, struct socket *client)
{
	u32 sent, left, len = strlen(server->answer);
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	struct kvec vec;

	for (sent = 0; sent < len; sent += vec.iov_len) {
		left = len - sent;
		vec.iov_base = (void *)server->answer + sent;
		vec.iov_len = min(server->portion ?: left, left);
		left = vec.iov_len;
		if (kernel_sendmsg(client, &msg, &vec, 1, left) < 0)
			return;
		vec.iov_len = left;
		if (server->portion)
			usleep_range(2000, 3000);
	}
}

static void serve(struct server *server, struct socket *client)
{
	char buf[sizeof(server->request)] = {};
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) - 1 };
	struct msghdr msg = {};

	client->sk->sk_rcvtimeo = HZ / 2;
	if (kernel_recvmsg(client, &msg, &vec, 1, vec.iov_len, 0) <= 0)
		return;
	if (atomic_inc_return(&server->clients) == 1)
		strscpy(server->request, buf, sizeof(server->request));
	if (server->answer) {
		answer(server, client);
		return;
	}
	/* until the checker has lost its patience, however long that takes */
	while (!kthread_should_stop() &&
	       kernel_recvmsg(client, &msg, &vec, 1, vec.iov_len, 0) == -EAGAIN)
		;
}

static int server_thread(void *data)
{
	struct server *server = data;
	struct socket *client;

	while (!kthread_should_stop()) {
		if (kernel_accept(server->listener, &client, O_NONBLOCK)) {
			usleep_range(5000, 8000);
			continue;
		}
		serve(server, client);
		sock_release(client);
	}
	return 0;
}

static struct rayos_lb_balancer *checked(struct kunit *test, u32 probe)
{
	struct rayos_lb_balancer *balancer = fixture_tcp(test, 0);

	balancer->health.probe = probe;
	balancer->health.interval = INTERVAL;
	balancer->health.timeout = 5 * INTERVAL;
	balancer->health.rise = 2;
	balancer->health.fall = 2;
	return balancer;
}

/* The server, as a backend of the balancer */
static struct rayos_lb_backend *add(struct kunit *test,
				    struct rayos_lb_balancer *balancer, u16 port)
{
	struct rayos_lb_endpoint addr = {
		.addr.ip = htonl(INADDR_LOOPBACK), .port = htons(port),
	};
	struct rayos_lb_backend *backend;
	int err;

	backend = rayos_lb_backend_new(balancer, &addr);
	KUNIT_ASSERT_NOT_NULL(test, backend);
	mutex_lock(&balancer->ln->lock);
	err = rayos_lb_backend_add(backend, NULL);
	mutex_unlock(&balancer->ln->lock);
	KUNIT_ASSERT_EQ(test, err, 0);
	return backend;
}

static u64 checks(const struct rayos_lb_backend *backend)
{
	return READ_ONCE(backend->prober.n_passed) +
	       READ_ONCE(backend->prober.n_failed);
}

/* Until so many more checks have ended, and their verdict has been acted on */
static bool await(const struct rayos_lb_backend *backend, u32 n)
{
	u64 end = checks(backend) + n;
	u32 i;

	for (i = 0; i < 500 && checks(backend) < end; i++)
		msleep(20);
	msleep(50);
	return checks(backend) >= end;
}

static void tcp_check_follows_server(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_TCP);
	struct socket *listener = listen(PORT);
	struct rayos_lb_backend *backend;

	KUNIT_ASSERT_NOT_NULL(test, listener);
	backend = add(test, balancer, PORT);
	KUNIT_EXPECT_TRUE(test, await(backend, 2));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result),
			RAYOS_LB_CHECK_RESULT_PASSED);
	KUNIT_EXPECT_GT(test, READ_ONCE(backend->prober.latency), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.n_failed), 0);

	sock_release(listener);
	KUNIT_EXPECT_TRUE(test, await(backend, 3));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state),
			RAYOS_LB_STATE_UNHEALTHY);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result),
			RAYOS_LB_CHECK_RESULT_REFUSED);
	KUNIT_EXPECT_NULL(test, fixture_connect(balancer, 1, 1024));

	listener = listen(PORT);
	KUNIT_ASSERT_NOT_NULL(test, listener);
	KUNIT_EXPECT_TRUE(test, await(backend, 3));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_HEALTHY);
	KUNIT_EXPECT_NOT_NULL(test, fixture_connect(balancer, 1, 1024));
	sock_release(listener);
}

/* Neither a check storm nor a check that is forgotten */
static void checks_come_at_their_interval(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_TCP);
	struct socket *listener = listen(PORT);
	struct rayos_lb_backend *backend;
	u64 n, began;

	KUNIT_ASSERT_NOT_NULL(test, listener);
	backend = add(test, balancer, PORT);
	await(backend, 1);
	began = ktime_get_ns();
	n = checks(backend);
	msleep(2000);
	n = checks(backend) - n;
	KUNIT_EXPECT_LE(test, n,
			div64_u64(ktime_get_ns() - began, INTERVAL * 9 / 10) + 1);
	/* at least half of them, even where the machine is short of time */
	KUNIT_EXPECT_GE(test, n, 10);
	sock_release(listener);
}

static void unchecked_backend_is_healthy(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_NONE);
	struct rayos_lb_backend *backend = add(test, balancer, PORT);

	msleep(300);
	KUNIT_EXPECT_EQ(test, checks(backend), 0);
	KUNIT_EXPECT_EQ(test, backend->state, RAYOS_LB_STATE_HEALTHY);
}

/* While a check waits for its answer the backend goes */
static void removed_in_the_middle_of_a_check(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_HTTP);
	struct socket *listener = listen(PORT);
	struct rayos_lb_backend *backend;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, listener);
	balancer->health.timeout = 60 * NSEC_PER_SEC;
	for (i = 0; i < 5; i++) {
		/* a listener that nobody accepts from never answers */
		backend = add(test, balancer, PORT);
		msleep(20 + 10 * i);
		fixture_remove(backend, i & 1);
	}
	KUNIT_EXPECT_EQ(test, balancer->nr_backends, 0);
	sock_release(listener);
}

static const struct http_case {
	const char *name;
	const char *answer;
	u32 portion;
	u32 result;
	u32 status;
} http_cases[] = {
	{ "ok", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0,
	  RAYOS_LB_CHECK_RESULT_PASSED, 200 },
	{ "redirect", "HTTP/1.0 302 Found\r\n\r\n", 0,
	  RAYOS_LB_CHECK_RESULT_PASSED, 302 },
	{ "byte_by_byte", "HTTP/1.1 204 None\r\n\r\n", 1,
	  RAYOS_LB_CHECK_RESULT_PASSED, 204 },
	{ "not_found", "HTTP/1.1 404 Not Found\r\n\r\n", 0,
	  RAYOS_LB_CHECK_RESULT_BAD_STATUS, 404 },
	{ "unavailable_in_portions", "HTTP/1.1 503 Busy\r\n\r\n", 5,
	  RAYOS_LB_CHECK_RESULT_BAD_STATUS, 503 },
	{ "garbage", "SSH-2.0-OpenSSH_9.2p1\r\n", 0,
	  RAYOS_LB_CHECK_RESULT_BAD_REPLY, 0 },
	{ "cut_short", "HTTP/1.1 2", 0, RAYOS_LB_CHECK_RESULT_CLOSED, 0 },
	{ "closed_at_once", "", 0, RAYOS_LB_CHECK_RESULT_CLOSED, 0 },
	{ "silence", NULL, 0, RAYOS_LB_CHECK_RESULT_TIMEOUT, 0 },
};

static void http_name(const struct http_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(http, http_cases, http_name);

static void http_check(struct kunit *test)
{
	const struct http_case *c = test->param_value;
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_HTTP);
	struct rayos_lb_backend *backend;
	struct task_struct *thread;
	struct server *server;

	server = kunit_kzalloc(test, sizeof(*server), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, server);
	server->answer = c->answer;
	server->portion = c->portion;
	server->listener = listen(PORT);
	KUNIT_ASSERT_NOT_NULL(test, server->listener);
	thread = kthread_run(server_thread, server, "rayos_lb_server");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	strscpy(balancer->health.path, "/ready", sizeof(balancer->health.path));

	backend = add(test, balancer, PORT);
	KUNIT_EXPECT_TRUE(test, await(backend, 2));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result), c->result);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.status), c->status);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state),
			c->result == RAYOS_LB_CHECK_RESULT_PASSED ?
			RAYOS_LB_STATE_HEALTHY : RAYOS_LB_STATE_UNHEALTHY);

	fixture_remove(backend, false);
	kthread_stop(thread);
	sock_release(server->listener);
	KUNIT_EXPECT_GE(test, atomic_read(&server->clients), 2);
	KUNIT_EXPECT_EQ(test, strncmp(server->request,
				      "GET /ready HTTP/1.1\r\n", 21), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(server->request,
					   "\r\nHost: 127.0.0.1:18080\r\n"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(server->request, "\r\n\r\n"));
}

static struct socket *bound(u16 port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct socket *sock;

	if (sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock))
		return NULL;
	if (!kernel_bind(sock, (struct sockaddr_unsized *)&sin, sizeof(sin)))
		return sock;
	sock_release(sock);
	return NULL;
}

/* A server that says nothing, and then none at all */
static void udp_check(struct kunit *test)
{
	struct rayos_lb_balancer *balancer = checked(test, RAYOS_LB_PROBE_UDP);
	struct socket *server = bound(PORT);
	struct rayos_lb_backend *backend;
	char buf[8];
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {};

	KUNIT_ASSERT_NOT_NULL(test, server);
	balancer->health.timeout = INTERVAL / 2;
	balancer->health.send_len = 3;
	memcpy(balancer->health.send, "\0hi", 3);
	backend = add(test, balancer, PORT);
	KUNIT_EXPECT_TRUE(test, await(backend, 2));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result),
			RAYOS_LB_CHECK_RESULT_PASSED);
	KUNIT_EXPECT_EQ(test, kernel_recvmsg(server, &msg, &vec, 1, sizeof(buf),
					     MSG_DONTWAIT), 3);
	KUNIT_EXPECT_EQ(test, memcmp(buf, "\0hi", 3), 0);

	WRITE_ONCE(balancer->health.require_reply, RAYOS_LB_SWITCH_ON);
	KUNIT_EXPECT_TRUE(test, await(backend, 3));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result),
			RAYOS_LB_CHECK_RESULT_TIMEOUT);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state),
			RAYOS_LB_STATE_UNHEALTHY);

	WRITE_ONCE(balancer->health.require_reply, RAYOS_LB_SWITCH_OFF);
	KUNIT_EXPECT_TRUE(test, await(backend, 3));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state), RAYOS_LB_STATE_HEALTHY);
	sock_release(server);
	KUNIT_EXPECT_TRUE(test, await(backend, 3));
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->prober.result),
			RAYOS_LB_CHECK_RESULT_REFUSED);
	KUNIT_EXPECT_EQ(test, READ_ONCE(backend->state),
			RAYOS_LB_STATE_UNHEALTHY);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tcp_check_follows_server),
	KUNIT_CASE(checks_come_at_their_interval),
	KUNIT_CASE(unchecked_backend_is_healthy),
	KUNIT_CASE(removed_in_the_middle_of_a_check),
	KUNIT_CASE_PARAM(http_check, http_gen_params),
	KUNIT_CASE(udp_check),
	{}
};

static struct kunit_suite suite = {
	.name = "rayos_lb_probe",
	.init = probe_init,
	.exit = fixture_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
