// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP check: a request, and the status of its answer (RFC 9110, RFC 9112).
 */
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "health.h"
#include "lb.h"

/* "[ffff:...:ffff]:65535" */
#define ADDRESS_LEN	48

/* What Host says of a backend without a name: its address and port */
static const char *address_of(const struct rayos_lb_backend *backend,
			      char address[ADDRESS_LEN])
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	u16 port = ntohs(health->port ?: backend->addr.port);

	if (backend->balancer->family == AF_INET)
		snprintf(address, ADDRESS_LEN, "%pI4:%u",
			 &backend->addr.addr.in, port);
	else
		snprintf(address, ADDRESS_LEN, "[%pI6c]:%u",
			 &backend->addr.addr.in6, port);
	return address;
}

static struct kvec piece(const char *text)
{
	return (struct kvec) {
		.iov_base = (void *)text,
		.iov_len = strlen(text),
	};
}

/* In pieces: put together it would take half a KiB of stack, below all that
 * sending a packet takes
 */
static int send_request(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;
	const struct rayos_lb_health *health = &backend->balancer->health;
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	char address[ADDRESS_LEN];
	struct kvec vec[] = {
		piece(health->method),
		piece(" "),
		piece(health->path),
		piece(" HTTP/1.1\r\nHost: "),
		piece(health->host[0] ? health->host :
					address_of(backend, address)),
		piece("\r\nUser-Agent: rayos_lb\r\nAccept: */*\r\n"
		      "Connection: close\r\n\r\n"),
	};
	size_t total = 0;
	int i, sent;

	for (i = 0; i < ARRAY_SIZE(vec); i++)
		total += vec[i].iov_len;
	if (prober->sent >= total)
		return 0;
	iov_iter_kvec(&msg.msg_iter, WRITE, vec, ARRAY_SIZE(vec), total);
	iov_iter_advance(&msg.msg_iter, prober->sent);
	sent = sock_sendmsg(prober->sock, &msg);
	if (sent < 0)
		return sent;
	prober->sent += sent;
	return 0;
}

static u32 judge(struct rayos_lb_backend *backend, int status)
{
	const struct rayos_lb_health *health = &backend->balancer->health;

	if (status < 0)
		return RAYOS_LB_CHECK_RESULT_BAD_REPLY;
	WRITE_ONCE(backend->prober.status, status);
	return status >= health->status_min && status <= health->status_max ?
		RAYOS_LB_CHECK_RESULT_PASSED : RAYOS_LB_CHECK_RESULT_BAD_STATUS;
}

static u32 read_answer(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;
	char buf[RAYOS_LB_STATUS_LINE];
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {};
	int status, len;

	do {
		len = kernel_recvmsg(prober->sock, &msg, &vec, 1, sizeof(buf),
				     MSG_DONTWAIT);
		if (len == -EAGAIN)
			return RAYOS_LB_CHECK_RESULT_NONE;
		if (len < 0)
			return rayos_lb_check_error(len);
		if (!len)
			return RAYOS_LB_CHECK_RESULT_CLOSED;
		rayos_lb_http_feed(&prober->reply, buf, len);
		status = rayos_lb_http_status(&prober->reply);
	} while (status == -EAGAIN);
	return judge(backend, status);
}

static u32 step(struct rayos_lb_backend *backend)
{
	int err = send_request(backend);

	if (err == -EAGAIN)
		return RAYOS_LB_CHECK_RESULT_NONE;
	if (err)
		return rayos_lb_check_error(err);
	return read_answer(backend);
}

const struct rayos_lb_probe_ops rayos_lb_probe_http = {
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.step = step,
};
