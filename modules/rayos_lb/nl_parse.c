// SPDX-License-Identifier: GPL-2.0-only
/*
 * What requests say, beyond what the policies of the spec can check.  Whatever
 * is refused names its attribute and changes nothing.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "netlink.h"
#include "nl_gen.h"
#include "path.h"

/* Printable and without blanks, so that it stands in a table, a path or a label */
static bool is_word(const char *s)
{
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

/**
 * rayos_lb_parse_name() - name of a new balancer
 * @info: of the request
 * @name: set to the name within the request
 *
 * Return: 0 or -EINVAL.
 */
int rayos_lb_parse_name(struct genl_info *info, const char **name)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_NAME];

	if (GENL_REQ_ATTR_CHECK(info, RAYOS_LB_A_BALANCER_NAME))
		return -EINVAL;
	*name = nla_data(attr);
	if (!**name || !is_word(*name) || strpbrk(*name, "\"\\/{}")) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a name is of printable characters, without blanks, quotes, braces and slashes");
		return -EINVAL;
	}
	return 0;
}

/**
 * rayos_lb_parse_balancer_key() - which balancer is meant
 * @info: of the request
 * @ln: the namespace, its lock is held
 * @attr: number of the attribute with the name
 * @balancer: set to the balancer
 *
 * Return: 0, -EINVAL or -ENOENT.
 */
int rayos_lb_parse_balancer_key(struct genl_info *info, struct rayos_lb_net *ln,
				int attr, struct rayos_lb_balancer **balancer)
{
	if (GENL_REQ_ATTR_CHECK(info, attr))
		return -EINVAL;
	*balancer = rayos_lb_balancer_lookup(ln, nla_data(info->attrs[attr]));
	if (*balancer)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
			    "no balancer of this name");
	return -ENOENT;
}

static bool usable4(__be32 addr)
{
	return !ipv4_is_zeronet(addr) && !ipv4_is_multicast(addr) &&
	       !ipv4_is_lbcast(addr);
}

static bool usable6(const struct in6_addr *addr)
{
	return !(ipv6_addr_type(addr) & (IPV6_ADDR_MULTICAST |
					 IPV6_ADDR_LINKLOCAL)) &&
	       !ipv6_addr_any(addr) && !ipv6_addr_v4mapped(addr);
}

/* An address, of either family; @a4, @a6 and @ap are attributes of its set */
static int parse_endpoint(struct genl_info *info, int a4, int a6, int ap,
			  struct rayos_lb_endpoint *endpoint, u8 *family)
{
	struct nlattr *v4 = info->attrs[a4], *v6 = info->attrs[a6];
	bool usable;

	if (v4 && v6) {
		NL_SET_ERR_MSG_ATTR(info->extack, v6,
				    "an address is either IPv4 or IPv6");
		return -EINVAL;
	}
	if ((!v6 && GENL_REQ_ATTR_CHECK(info, a4)) ||
	    GENL_REQ_ATTR_CHECK(info, ap))
		return -EINVAL;

	memset(endpoint, 0, sizeof(*endpoint));
	if (v4) {
		*family = AF_INET;
		rayos_lb_addr_set4(&endpoint->addr, nla_get_in_addr(v4));
		usable = usable4(endpoint->addr.ip);
	} else {
		*family = AF_INET6;
		endpoint->addr.in6 = nla_get_in6_addr(v6);
		usable = usable6(&endpoint->addr.in6);
	}
	if (!usable) {
		NL_SET_ERR_MSG_ATTR(info->extack, v4 ?: v6,
				    "not an address that a host can have beyond its link");
		return -EINVAL;
	}
	endpoint->port = nla_get_be16(info->attrs[ap]);
	return 0;
}

/**
 * rayos_lb_parse_vip() - address of a new balancer
 * @info: of the request
 * @vip: set to the address
 * @family: set to AF_INET or AF_INET6
 *
 * Return: 0 or -EINVAL.
 */
int rayos_lb_parse_vip(struct genl_info *info, struct rayos_lb_endpoint *vip,
		       u8 *family)
{
	return parse_endpoint(info, RAYOS_LB_A_BALANCER_IPV4,
			      RAYOS_LB_A_BALANCER_IPV6,
			      RAYOS_LB_A_BALANCER_PORT, vip, family);
}

/**
 * rayos_lb_parse_l4() - protocol of a new balancer
 * @info: of the request
 *
 * Return: IPPROTO_TCP or IPPROTO_UDP.
 */
u8 rayos_lb_parse_l4(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_PROTO];

	return attr && nla_get_u32(attr) == RAYOS_LB_PROTO_UDP ? IPPROTO_UDP :
								 IPPROTO_TCP;
}

/**
 * rayos_lb_parse_server() - address of a backend
 * @info: of the request
 * @balancer: whose
 * @addr: set to the address
 *
 * Return: 0 or -EINVAL, also if it is of the other family than @balancer's.
 */
int rayos_lb_parse_server(struct genl_info *info,
			  const struct rayos_lb_balancer *balancer,
			  struct rayos_lb_endpoint *addr)
{
	u8 family;
	int err;

	err = parse_endpoint(info, RAYOS_LB_A_BACKEND_IPV4,
			     RAYOS_LB_A_BACKEND_IPV6,
			     RAYOS_LB_A_BACKEND_PORT, addr, &family);
	if (err)
		return err;
	if (family != balancer->family) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BACKEND_IPV4] ?:
				    info->attrs[RAYOS_LB_A_BACKEND_IPV6],
				    "backend and balancer are of different address families");
		return -EINVAL;
	}
	return 0;
}

/**
 * rayos_lb_parse_new_server() - address of a new backend
 * @info: of the request
 * @balancer: whose
 * @addr: set to the address
 *
 * With direct return nothing of a packet is changed, so the backend must be a
 * neighbour and have the port of the virtual address.
 *
 * Return: 0, -EINVAL or -EHOSTUNREACH.
 */
int rayos_lb_parse_new_server(struct genl_info *info,
			      const struct rayos_lb_balancer *balancer,
			      struct rayos_lb_endpoint *addr)
{
	struct net *net = balancer->ln->net;
	int err;

	err = rayos_lb_parse_server(info, balancer, addr);
	if (err || balancer->mode != RAYOS_LB_MODE_DSR)
		return err;
	if (addr->port != balancer->vip.port) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[RAYOS_LB_A_BACKEND_PORT],
				    "with direct return a backend has the port of the virtual address");
		return -EINVAL;
	}
	if (balancer->family == AF_INET ? rayos_lb_neighbour4(net, addr) :
					  rayos_lb_neighbour6(net, addr))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack,
			    info->attrs[RAYOS_LB_A_BACKEND_IPV4] ?:
			    info->attrs[RAYOS_LB_A_BACKEND_IPV6],
			    "with direct return a backend is on a link of this host, not behind a router");
	return -EHOSTUNREACH;
}

/**
 * rayos_lb_parse_backend_key() - which backend is meant
 * @info: of the request
 * @ln: the namespace, its lock is held
 * @backend: set to the backend
 *
 * Return: 0, -EINVAL or -ENOENT.
 */
int rayos_lb_parse_backend_key(struct genl_info *info, struct rayos_lb_net *ln,
			       struct rayos_lb_backend **backend)
{
	struct rayos_lb_balancer *balancer;
	struct rayos_lb_endpoint addr;
	int err;

	err = rayos_lb_parse_balancer_key(info, ln, RAYOS_LB_A_BACKEND_BALANCER,
					  &balancer);
	if (err)
		return err;
	err = rayos_lb_parse_server(info, balancer, &addr);
	if (err)
		return err;
	*backend = rayos_lb_backend_lookup(balancer, &addr);
	if (*backend)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack,
			    info->attrs[RAYOS_LB_A_BACKEND_IPV4] ?:
			    info->attrs[RAYOS_LB_A_BACKEND_IPV6],
			    "the balancer has no backend of this address and port");
	return -ENOENT;
}

static void get_u32(struct nlattr *attr, u32 *value)
{
	if (attr)
		*value = nla_get_u32(attr);
}

static void get_u64(struct nlattr *attr, u64 *value)
{
	if (attr)
		*value = nla_get_u64(attr);
}

static void get_u16(struct nlattr *attr, u16 *value)
{
	if (attr)
		*value = nla_get_u16(attr);
}

static int get_word(struct genl_info *info, struct nlattr *attr, char *word,
		    size_t size)
{
	if (!attr)
		return 0;
	if (!is_word(nla_data(attr))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "must be of printable characters without blanks");
		return -EINVAL;
	}
	nla_strscpy(word, attr, size);
	return 0;
}

/* RFC 9110, section 5.6.2 */
static bool is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++) {
		if (!isascii(*s) || (!isalnum(*s) && !strchr("!#$%&'*+-.^_`|~", *s)))
			return false;
	}
	return true;
}

static int get_method(struct genl_info *info, struct nlattr *attr, char *method,
		      size_t size)
{
	if (!attr)
		return 0;
	if (!is_token(nla_data(attr))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a method is of letters, digits and a few other characters");
		return -EINVAL;
	}
	nla_strscpy(method, attr, size);
	return 0;
}

static void get_payload(struct nlattr *attr, struct rayos_lb_health *health)
{
	if (!attr)
		return;
	memset(health->send, 0, sizeof(health->send));
	health->send_len = nla_memcpy(health->send, attr, sizeof(health->send));
}

static int check_health(struct genl_info *info, struct nlattr *const *tb,
			const struct rayos_lb_health *health)
{
	if (health->status_min > health->status_max) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    tb[RAYOS_LB_A_HEALTH_STATUS_MIN] ?:
				    tb[RAYOS_LB_A_HEALTH_STATUS_MAX],
				    "the range of statuses is empty");
		return -EINVAL;
	}
	if (health->path[0] != '/') {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[RAYOS_LB_A_HEALTH_PATH],
				    "a path begins with a slash");
		return -EINVAL;
	}
	return 0;
}

/**
 * rayos_lb_parse_health() - how backends shall be checked
 * @info: of the request
 * @health: what is named in the request is changed, all else stays; on an error
 *	it is of no use any more
 *
 * Return: 0 or -EINVAL.
 */
int rayos_lb_parse_health(struct genl_info *info,
			  struct rayos_lb_health *health)
{
	struct nlattr *tb[ARRAY_SIZE(rayos_lb_health_nl_policy)];
	struct nlattr *nest = info->attrs[RAYOS_LB_A_BALANCER_HEALTH];
	int err;

	if (!nest)
		return 0;
	err = nla_parse_nested(tb, ARRAY_SIZE(tb) - 1, nest,
			       rayos_lb_health_nl_policy, info->extack);
	if (err)
		return err;

	get_u32(tb[RAYOS_LB_A_HEALTH_PROBE], &health->probe);
	if (tb[RAYOS_LB_A_HEALTH_PORT])
		health->port = nla_get_be16(tb[RAYOS_LB_A_HEALTH_PORT]);
	get_u64(tb[RAYOS_LB_A_HEALTH_INTERVAL], &health->interval);
	get_u64(tb[RAYOS_LB_A_HEALTH_TIMEOUT], &health->timeout);
	get_u32(tb[RAYOS_LB_A_HEALTH_RISE], &health->rise);
	get_u32(tb[RAYOS_LB_A_HEALTH_FALL], &health->fall);
	get_u16(tb[RAYOS_LB_A_HEALTH_STATUS_MIN], &health->status_min);
	get_u16(tb[RAYOS_LB_A_HEALTH_STATUS_MAX], &health->status_max);
	get_u32(tb[RAYOS_LB_A_HEALTH_REQUIRE_REPLY], &health->require_reply);
	get_payload(tb[RAYOS_LB_A_HEALTH_SEND], health);
	err = get_method(info, tb[RAYOS_LB_A_HEALTH_METHOD], health->method,
			 sizeof(health->method));
	if (err)
		return err;
	err = get_word(info, tb[RAYOS_LB_A_HEALTH_PATH], health->path,
		       sizeof(health->path));
	if (err)
		return err;
	err = get_word(info, tb[RAYOS_LB_A_HEALTH_HOST], health->host,
		       sizeof(health->host));
	if (err)
		return err;
	return check_health(info, tb, health);
}

/**
 * rayos_lb_parse_affinity() - how long a client shall keep its backend
 * @info: of the request
 * @affinity: changed if the request names it, ns
 *
 * Return: 0 or -ERANGE.
 */
int rayos_lb_parse_affinity(struct genl_info *info, u64 *affinity)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_AFFINITY];
	u64 value;

	if (!attr)
		return 0;
	value = nla_get_u64(attr);
	if (value && value < NSEC_PER_SEC) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "affinity is 1 s to 24 h, or 0 for none");
		return -ERANGE;
	}
	*affinity = value;
	return 0;
}

static int parse_prefix(struct genl_info *info, u8 family, u32 *prefix)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_AFFINITY_PREFIX];
	u32 whole = family == AF_INET ? 32 : 128;
	u32 value;

	if (!attr)
		return 0;
	value = nla_get_u32(attr);
	if (value > whole) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the prefix is longer than an address, of 32 bits or with IPv6 of 128");
		return -ERANGE;
	}
	*prefix = value < whole ? value : 0;
	return 0;
}

static int parse_slow_start(struct genl_info *info, u64 *slow_start)
{
	struct nlattr *attr = info->attrs[RAYOS_LB_A_BALANCER_SLOW_START];

	get_u64(attr, slow_start);
	if (!*slow_start || *slow_start >= NSEC_PER_SEC)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "slow start takes 1 s to 1 h, or 0 for none");
	return -ERANGE;
}

/**
 * rayos_lb_parse_settings() - how a balancer shall be set
 * @info: of the request
 * @family: of its virtual address
 * @settings: what is named in the request is changed, all else stays; on an
 *	error it is of no use any more, and is to be put as well
 *
 * Return: 0 or -errno.
 */
int rayos_lb_parse_settings(struct genl_info *info, u8 family,
			    struct rayos_lb_settings *settings)
{
	get_u32(info->attrs[RAYOS_LB_A_BALANCER_WHEN_DOWN],
		&settings->when_down);
	get_u32(info->attrs[RAYOS_LB_A_BALANCER_PASSIVE], &settings->passive);
	get_u32(info->attrs[RAYOS_LB_A_BALANCER_ON_DOWN], &settings->on_down);
	return rayos_lb_parse_affinity(info, &settings->affinity) ?:
	       parse_prefix(info, family, &settings->affinity_prefix) ?:
	       parse_slow_start(info, &settings->slow_start) ?:
	       rayos_lb_parse_health(info, &settings->health) ?:
	       rayos_lb_parse_policy(info, settings);
}

/**
 * rayos_lb_parse_backend_settings() - how a backend shall be set
 * @info: of the request
 * @settings: what is named in the request is changed, all else stays
 */
void rayos_lb_parse_backend_settings(struct genl_info *info,
				     struct rayos_lb_backend_settings *settings)
{
	get_u32(info->attrs[RAYOS_LB_A_BACKEND_WEIGHT], &settings->weight);
	get_u32(info->attrs[RAYOS_LB_A_BACKEND_LIMIT], &settings->limit);
	get_u32(info->attrs[RAYOS_LB_A_BACKEND_ADMIN], &settings->admin);
	get_u32(info->attrs[RAYOS_LB_A_BACKEND_ROLE], &settings->role);
}

static int parse_source(struct genl_info *info, u8 family, u32 mode,
			union nf_inet_addr *source)
{
	struct nlattr *v4 = info->attrs[RAYOS_LB_A_BALANCER_SOURCE_IPV4];
	struct nlattr *v6 = info->attrs[RAYOS_LB_A_BALANCER_SOURCE_IPV6];
	struct nlattr *attr = v4 ?: v6;
	bool v4_vip = family == AF_INET;

	memset(source, 0, sizeof(*source));
	if (!attr)
		return 0;
	if (mode != RAYOS_LB_MODE_FULL_NAT) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "only with full NAT is there a source address");
		return -EINVAL;
	}
	if (v4_vip ? !!v6 : !!v4) {
		NL_SET_ERR_MSG_ATTR(info->extack, v4_vip ? v6 : v4,
				    "source and virtual address are of different address families");
		return -EINVAL;
	}
	if (v4)
		rayos_lb_addr_set4(source, nla_get_in_addr(v4));
	else
		source->in6 = nla_get_in6_addr(v6);
	if (v4 ? usable4(source->ip) : usable6(&source->in6))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "not an address that a host can have beyond its link");
	return -EINVAL;
}

/**
 * rayos_lb_parse_mode() - how packets of a new balancer get to backends and back
 * @info: of the request
 * @family: of the virtual address
 * @mode: set to an &enum rayos_lb_mode
 * @source: set to what backends see as the client's address, or to zero
 *
 * Return: 0 or -EINVAL.
 */
int rayos_lb_parse_mode(struct genl_info *info, u8 family, u32 *mode,
			union nf_inet_addr *source)
{
	*mode = RAYOS_LB_MODE_NAT;
	get_u32(info->attrs[RAYOS_LB_A_BALANCER_MODE], mode);
	return parse_source(info, family, *mode, source);
}
