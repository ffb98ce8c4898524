// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP check: a GET, and the status of its answer (RFC 9110, RFC 9112).
 */
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "health.h"
#include "lb.h"

/* Host header of a backend without a name: its address and port */
static void host_of(const struct rayos_lb_backend *backend, char *host,
		    size_t size)
{
	const struct rayos_lb_health *health = &backend->balancer->health;
	u16 port = ntohs(health->port ?: backend->addr.port);

	if (health->host[0])
		strscpy(host, health->host, size);
	else if (backend->balancer->family == AF_INET)
		snprintf(host, size, "%pI4:%u", &backend->addr.addr.in, port);
	else
		snprintf(host, size, "[%pI6c]:%u", &backend->addr.addr.in6, port);
}

static int send_request(struct rayos_lb_backend *backend)
{
	struct rayos_lb_prober *prober = &backend->prober;
	const struct rayos_lb_health *health = &backend->balancer->health;
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	char request[512], host[RAYOS_LB_PATH_MAX + 1];
	struct kvec vec;
	int len;

	host_of(backend, host, sizeof(host));
	len = scnprintf(request, sizeof(request),
			"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: rayos_lb\r\n"
			"Accept: */*\r\nConnection: close\r\n\r\n",
			health->path, host);
	if (prober->sent >= len)
		return 0;
	vec.iov_base = request + prober->sent;
	vec.iov_len = len - prober->sent;
	len = kernel_sendmsg(prober->sock, &msg, &vec, 1, vec.iov_len);
	if (len < 0)
		return len;
	prober->sent += len;
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
	.step = step,
};
