// SPDX-License-Identifier: GPL-2.0-only
/*
 * The status line of an HTTP answer, from bytes that come in any portions and
 * from a server that may be anything (RFC 9112, section 4).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "verdict.h"

/**
 * rayos_lb_http_feed() - take in what has been received
 * @reply: the answer so far, zeroed to begin with
 * @data: received bytes
 * @len: their number
 *
 * Context: Any.
 * Return: bytes still wanted; 0 when the status can be told.
 */
u32 rayos_lb_http_feed(struct rayos_lb_http_reply *reply, const char *data,
		       u32 len)
{
	u32 wanted = RAYOS_LB_STATUS_LINE - reply->len;

	len = min(len, wanted);
	memcpy(reply->line + reply->len, data, len);
	reply->len += len;
	return RAYOS_LB_STATUS_LINE - reply->len;
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_http_feed);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/**
 * rayos_lb_http_status() - status of an answer
 * @reply: what was received
 *
 * Context: Any.
 * Return: the status, 100 to 999; -EAGAIN if more has to be received before it
 * can be told; -EBADMSG if it cannot become an HTTP answer any more.
 */
int rayos_lb_http_status(const struct rayos_lb_http_reply *reply)
{
	static const char shape[] = "HTTP/d.d ddd";
	const char *s = reply->line;
	u32 i;

	BUILD_BUG_ON(sizeof(shape) - 1 != RAYOS_LB_STATUS_LINE);

	for (i = 0; i < reply->len; i++) {
		if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != shape[i])
			return -EBADMSG;
	}
	if (reply->len < RAYOS_LB_STATUS_LINE)
		return -EAGAIN;
	if (s[9] == '0')
		return -EBADMSG;
	return (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
}
EXPORT_SYMBOL_IF_KUNIT(rayos_lb_http_status);
