// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP check: one datagram.  Any answer passes, as we do not speak what the
 * server speaks; an ICMP error fails.  Many servers answer nothing to what they
 * do not understand, so silence passes too unless an answer was asked for.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/uio.h>

#include "health.h"
#include "lb.h"

/* An empty datagram is one all the same, so what is noted is that it is sent */
static int send_datagram(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;
	const struct rayos_lb_health *health = &backend->balancer->health;
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec = {
		.iov_base = (void *)health->send,
		.iov_len = health->send_len,
	};
	int sent;

	if (prober->sent)
		return 0;
	sent = kernel_sendmsg(prober->sock, &msg, &vec, 1, vec.iov_len);
	if (sent < 0)
		return sent;
	prober->sent = 1;
	return 0;
}

/* What the answer says is of no interest, nor how much of it is cut off */
static u32 read_answer(struct rayos_lb_prober *prober)
{
	char byte;
	struct kvec vec = { .iov_base = &byte, .iov_len = sizeof(byte) };
	struct msghdr msg = {};
	int len;

	len = kernel_recvmsg(prober->sock, &msg, &vec, 1, sizeof(byte),
			     MSG_DONTWAIT);
	if (len == -EAGAIN)
		return RAYOS_LB_CHECK_RESULT_NONE;
	return len < 0 ? rayos_lb_check_error(len) :
			 RAYOS_LB_CHECK_RESULT_PASSED;
}

static u32 step(struct rayos_lb_backend *backend)
{
	int err = send_datagram(backend);

	if (err == -EAGAIN)
		return RAYOS_LB_CHECK_RESULT_NONE;
	if (err)
		return rayos_lb_check_error(err);
	return read_answer(&backend->prober);
}

static u32 late(struct rayos_lb_backend *backend)
{
	const struct rayos_lb_health *health = &backend->balancer->health;

	return backend->prober.sent && !health->require_reply ?
		RAYOS_LB_CHECK_RESULT_PASSED : RAYOS_LB_CHECK_RESULT_TIMEOUT;
}

const struct rayos_lb_probe_ops rayos_lb_probe_udp = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_UDP,
	.step = step,
	.late = late,
};
