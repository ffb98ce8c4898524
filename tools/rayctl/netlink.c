// SPDX-License-Identifier: GPL-2.0-only
/* The conversation with the kernel: nothing else knows sockets or messages. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "codec.h"
#include "netlink.h"
#include "rayctl.h"
#include "value.h"

/* A dump that others disturb this often is given up. */
#define DUMP_TRIES	16
/* Room for a burst of events while the terminal is slow. */
#define EVENT_BUFFER	1048576
/* Room for the longest program and the acknowledgement behind it. */
#define ANSWER_BUFFER	131072
/* Requests begin with a page and may grow to what a socket can be made to send. */
#define REQUEST_MIN	4096
#define REQUEST_MAX	1073741824U

struct conn {
	const struct object *object;
	struct nl_sock *sk;
	int family;
	bool gone;
	conn_event_fn *event;
	void (*at_fault)(const char *attribute);
};

/**
 * struct answer - what came back for one request
 * @set: attributes of request and answer
 * @request: the message that was sent
 * @list: answers so far
 * @done: nothing more will come
 * @error: 0 or a negative errno
 * @text: the kernel's own words, or ""
 * @attribute: what they are about, or ""
 * @missing: @attribute is what should have been there
 */
struct answer {
	const struct spec_set *set;
	struct nl_msg *request;
	struct json_object *list;
	bool done;
	int error;
	char text[256];
	char attribute[64];
	bool missing;
};

static bool locate(struct answer *answer, uint32_t offset, const struct spec_set **inside)
{
	struct nlmsghdr *nlh = nlmsg_hdr(answer->request);
	struct genlmsghdr *genl = nlmsg_data(nlh);
	char *attrs = (char *)genlmsg_attrdata(genl, 0);
	size_t head = attrs - (char *)nlh;

	return offset >= head &&
	       codec_locate(answer->set, attrs, genlmsg_attrlen(genl, 0), offset - head,
			    answer->attribute, sizeof(answer->attribute), inside);
}

/* The kernel names a missing attribute by number, in the nest at an offset. */
static void locate_missing(struct answer *answer, struct nlattr *type, struct nlattr *nest)
{
	const struct spec_set *set = answer->set;
	unsigned int number = nla_get_u32(type);
	size_t used = 0;

	if (nest && locate(answer, nla_get_u32(nest), &set))
		used = strlen(answer->attribute);
	answer->missing = set && number && number <= set->max;
	if (answer->missing)
		snprintf(answer->attribute + used, sizeof(answer->attribute) - used, "%s%s",
			 used ? "." : "", set->attrs[number].name);
}

/* libnl leaves extended acks alone: they follow the first @skip bytes. */
static void read_extack(struct answer *answer, struct nlmsghdr *nlh, size_t skip)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MISS_NEST + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_TYPE] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_NEST] = { .type = NLA_U32 },
	};
	struct nlattr *tb[NLMSGERR_ATTR_MISS_NEST + 1];
	const struct spec_set *inside;
	int len = nlmsg_datalen(nlh);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > (size_t)len ||
	    nla_parse(tb, NLMSGERR_ATTR_MISS_NEST, (void *)((char *)nlmsg_data(nlh) + skip),
		      len - skip, (struct nla_policy *)policy) < 0)
		return;
	if (tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(answer->text, tb[NLMSGERR_ATTR_MSG], sizeof(answer->text));
	if (tb[NLMSGERR_ATTR_MISS_TYPE])
		locate_missing(answer, tb[NLMSGERR_ATTR_MISS_TYPE], tb[NLMSGERR_ATTR_MISS_NEST]);
	else if (tb[NLMSGERR_ATTR_OFFS])
		locate(answer, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]), &inside);
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)error - 1;
	struct answer *answer = arg;
	size_t skip = sizeof(*error);

	(void)from;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	answer->error = error->error;
	answer->done = true;
	read_extack(answer, nlh, skip);
	return NL_STOP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	(void)msg;
	answer->done = true;
	return NL_STOP;
}

/* The end of a dump carries its error and extended ack. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct answer *answer = arg;

	answer->done = true;
	if (nlmsg_datalen(nlh) >= (int)sizeof(int)) {
		memcpy(&answer->error, nlmsg_data(nlh), sizeof(int));
		read_extack(answer, nlh, sizeof(int));
	}
	return NL_STOP;
}

static struct json_object *decode(const struct spec_set *set, struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);

	if (!genlmsg_valid_hdr(nlh, 0))
		return NULL;
	return codec_decode(set, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0));
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;
	struct json_object *object = decode(answer->set, nlmsg_hdr(msg));

	if (object) {
		json_object_array_add(answer->list, object);
		return NL_OK;
	}
	answer->error = -EBADMSG;
	answer->done = true;
	return NL_STOP;
}

/* What the user asked for, where the kernel found fault with one attribute. */
static struct text quote(struct json_object *request, const char *attribute)
{
	const char *dot = strchr(attribute, '.'), *bracket = strchr(attribute, ']');
	struct json_object *value = value_at(request, attribute);
	struct text text = { "" };

	if (bracket && (!dot || dot > bracket)) {
		int len = strcspn(attribute, "[");
		char path[64];

		snprintf(path, sizeof(path), "%.*s", (int)(bracket + 1 - attribute), attribute);
		value = value_at(request, path);
		/* One of several is as a request of its own, if it is one. */
		if (json_object_is_type(value, json_type_object))
			return quote(value, dot ? dot + 1 : "port");
		snprintf(text.s, sizeof(text.s), "%.*s \"%.36s\"", len > 20 ? 20 : len,
			 attribute, json_object_get_string(value));
		return text;
	}

	if (!strcmp(attribute, "ipv4") || !strcmp(attribute, "ipv6") || !strcmp(attribute, "port"))
		return value_endpoint(request);
	if (value && !json_object_is_type(value, json_type_object))
		snprintf(text.s, sizeof(text.s), "%.20s \"%.36s\"", attribute,
			 json_object_get_string(value));
	return text;
}

static const char *words_for(const struct answer *answer)
{
	if (*answer->text)
		return answer->text;
	if (answer->error == -EPERM)
		return "not permitted, this needs the capability CAP_NET_ADMIN";
	if (answer->error == -EBADMSG)
		return "the kernel's answer is malformed";
	return answer->missing ? "missing attribute" : strerror(-answer->error);
}

/* The kernel's texts are fixed: some leave it to us to say which name is meant. */
static bool tell_name(struct conn *conn, const char *text, const char *attribute,
		      struct json_object *request)
{
	static const char gap[] = " of this name";
	size_t len = strlen(text), gap_len = strlen(gap);

	if (!request || len < gap_len || strcmp(text + len - gap_len, gap))
		return false;
	/* Of a dump, old kernels do not say which attribute it is. */
	if (!attribute)
		attribute = value_at(request, "balancer") ? "balancer" : "name";
	refused(conn->object, attribute, "%.*s named \"%s\"", (int)(len - gap_len), text,
		value_text(request, attribute));
	return true;
}

static void tell(struct conn *conn, const struct answer *answer, struct json_object *request)
{
	const char *attribute = *answer->attribute ? answer->attribute : NULL;
	const char *text = words_for(answer);
	struct text about = { "" };

	if (attribute && conn->at_fault)
		conn->at_fault(attribute);
	if (tell_name(conn, text, attribute, request))
		return;
	if (!attribute) {
		refused(conn->object, NULL, "%s", text);
		return;
	}
	if (request && !answer->missing)
		about = quote(request, attribute);
	refused(conn->object, attribute, "%s (%s)", text, *about.s ? about.s : attribute);
}

/* Receive until the answer is whole. Return: 0 or libnl's error. */
static int receive(struct conn *conn, struct answer *answer)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret = cb ? 0 : -NLE_NOMEM;

	if (cb) {
		nl_cb_err(cb, NL_CB_CUSTOM, on_error, answer);
		nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, answer);
		nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, answer);
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, answer);
	}
	while (ret >= 0 && !answer->done)
		ret = nl_recvmsgs(conn->sk, cb);
	nl_cb_put(cb);
	return ret < 0 ? ret : 0;
}

/* A message as large as it has to be. */
static int make_request(struct conn *conn, const struct spec_op *op, int flags,
			struct json_object *request, struct nl_msg **msg)
{
	int ret = -NLE_NOMEM;

	for (size_t size = REQUEST_MIN; ret == -NLE_NOMEM && size <= REQUEST_MAX; size *= 4) {
		nlmsg_free(*msg);
		*msg = nlmsg_alloc_size(size);
		if (!*msg || !genlmsg_put(*msg, NL_AUTO_PORT, NL_AUTO_SEQ, conn->family, 0, flags,
					  op->cmd, conn->object->spec->version))
			return -NLE_NOMEM;
		ret = request ? codec_encode(*msg, op->set, request) : 0;
	}
	return ret;
}

/* The kernel takes a message of more than the usual size from a socket for it. */
static void make_room(struct nl_sock *sk, int len)
{
	int room, fd = nl_socket_get_fd(sk);
	socklen_t size = sizeof(room);

	/* The kernel doubles what it is asked for, and keeps a little of it. */
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &size) || len + REQUEST_MIN <= room)
		return;
	room = len / 2 + REQUEST_MIN;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static int send_request(struct conn *conn, const struct spec_op *op, int flags,
			struct json_object *request, struct nl_msg **msg)
{
	int ret = make_request(conn, op, flags, request, msg);

	if (ret)
		return ret == -NLE_NOMEM ? ret : -NLE_MSGSIZE;
	make_room(conn->sk, nlmsg_hdr(*msg)->nlmsg_len);
	return nl_send_auto(conn->sk, *msg);
}

/* One exchange. Return: 0, -EAGAIN when a dump was disturbed, or -1 once told. */
static int talk(struct conn *conn, const char *name, int flags,
		struct json_object *request, struct json_object *list)
{
	const struct spec_op *op = spec_op_by_name(conn->object->spec, name);
	struct answer answer = { .set = op->set, .list = list };
	int ret = send_request(conn, op, flags, request, &answer.request);

	if (ret >= 0)
		ret = receive(conn, &answer);
	if (ret == -NLE_DUMP_INTR)
		ret = -EAGAIN;
	else if (answer.error)
		tell(conn, &answer, request);
	else if (ret < 0)
		refused(conn->object, NULL, "netlink: %s", nl_geterror(ret));
	if (answer.error && ret != -EAGAIN)
		ret = -1;
	nlmsg_free(answer.request);
	return ret;
}

void conn_at_fault(struct conn *conn, void (*fn)(const char *attribute))
{
	conn->at_fault = fn;
}

int conn_do(struct conn *conn, const char *op, struct json_object *request,
	    struct json_object **reply)
{
	struct json_object *list = json_object_new_array();
	int ret = talk(conn, op, NLM_F_ACK, request, list);

	if (!ret && reply) {
		*reply = json_object_array_length(list) ?
			 json_object_get(json_object_array_get_idx(list, 0)) :
			 json_object_new_object();
	}
	json_object_put(list);
	return ret ? REFUSED : DONE;
}

int conn_dump(struct conn *conn, const char *op, struct json_object *request,
	      struct json_object **list)
{
	int ret = -EAGAIN;

	for (int i = 0; ret == -EAGAIN && i < DUMP_TRIES; i++) {
		*list = json_object_new_array();
		ret = talk(conn, op, NLM_F_DUMP, request, *list);
		if (ret) {
			json_object_put(*list);
			*list = NULL;
		}
	}
	if (ret == -EAGAIN)
		refused(conn->object, NULL, "the list kept changing while it was read, try again");
	return ret ? REFUSED : DONE;
}

/* Whether the kernel says that a family is no more, and it is ours. */
static bool tells_end(struct conn *conn, struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *id;

	if (nlh->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(nlh, 0) ||
	    genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	id = nla_find(genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), CTRL_ATTR_FAMILY_ID);
	return id && nla_len(id) == sizeof(uint16_t) && nla_get_u16(id) == conn->family;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct conn *conn = arg;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct genlmsghdr *genl = nlmsg_data(nlh);
	const struct spec_op *op = conn->object->spec->ops;
	struct json_object *object;

	conn->gone = conn->gone || tells_end(conn, nlh);
	if (nlh->nlmsg_type != conn->family || !genlmsg_valid_hdr(nlh, 0))
		return NL_OK;
	while (op->name && (!op->event || op->cmd != genl->cmd))
		op++;
	if (!op->name)
		return NL_OK;
	object = decode(op->set, nlh);
	if (object) {
		conn->event(conn->object, op->name, object);
		json_object_put(object);
	}
	return NL_OK;
}

int conn_subscribe(struct conn *conn)
{
	const struct spec_family *spec = conn->object->spec;
	int group = genl_ctrl_resolve_grp(conn->sk, spec->name, spec->group);
	int ret = group < 0 ? group : nl_socket_add_membership(conn->sk, group);

	/* A family that comes back has another group: there is nothing to wait for then. */
	group = genl_ctrl_resolve_grp(conn->sk, "nlctrl", "notify");
	if (ret >= 0 && group >= 0)
		nl_socket_add_membership(conn->sk, group);
	if (ret < 0) {
		refused(conn->object, NULL, "cannot subscribe to events: %s", nl_geterror(ret));
		return -1;
	}
	nl_socket_disable_seq_check(conn->sk);
	nl_socket_set_nonblocking(conn->sk);
	nl_socket_set_buffer_size(conn->sk, EVENT_BUFFER, 0);
	nl_socket_modify_cb(conn->sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, conn);
	return nl_socket_get_fd(conn->sk);
}

int conn_events(struct conn *conn, conn_event_fn *event)
{
	int ret;

	conn->event = event;
	do {
		errno = 0;
		ret = nl_recvmsgs_default(conn->sk);
		/* The socket overflowed: what comes next is after a gap. */
		if (ret < 0 && errno == ENOBUFS) {
			event(conn->object, NULL, NULL);
			ret = 0;
		}
	} while (ret >= 0);
	if (conn->gone)
		return refused(conn->object, NULL, "module %s was unloaded, no more events come",
			       conn->object->module);
	if (ret == -NLE_AGAIN)
		return DONE;
	return refused(conn->object, NULL, "netlink: %s", nl_geterror(ret));
}

static void ask_for_extack(struct nl_sock *sk)
{
	static const int wanted[] = {
		NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK,
	};
	int one = 1;

	/* A kernel too old for one of them still says yes or no. */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, wanted[i], &one, sizeof(one));
}

/* Return: 0, then there is @conn, or libnl's error */
static int reach(const struct object *object, struct conn **conn)
{
	struct conn *new = calloc(1, sizeof(*new));
	int ret = -NLE_NOMEM;

	if (new)
		new->sk = nl_socket_alloc();
	if (new && new->sk)
		ret = genl_connect(new->sk);
	if (!ret) {
		ask_for_extack(new->sk);
		nl_socket_set_buffer_size(new->sk, ANSWER_BUFFER, 0);
		new->object = object;
		new->family = genl_ctrl_resolve(new->sk, object->spec->name);
		ret = new->family < 0 ? new->family : 0;
	}
	if (ret) {
		conn_close(new);
		return ret;
	}
	*conn = new;
	return 0;
}

struct conn *conn_open(const struct object *object)
{
	struct conn *conn;
	int ret = reach(object, &conn);

	if (!ret)
		return conn;
	if (ret == -NLE_OBJ_NOTFOUND && module_loaded(object->module))
		refused(object, NULL,
			"module %s is not there for this network namespace, but for the first",
			object->module);
	else if (ret == -NLE_OBJ_NOTFOUND)
		refused(object, NULL, "module %s is not loaded (modprobe %s)",
			object->module, object->module);
	else
		refused(object, NULL, "cannot find netlink family %s: %s", object->spec->name,
			nl_geterror(ret));
	return NULL;
}

bool module_elsewhere(const struct object *object)
{
	struct conn *conn;
	int ret = reach(object, &conn);

	if (!ret)
		conn_close(conn);
	return ret == -NLE_OBJ_NOTFOUND && module_loaded(object->module);
}

void conn_close(struct conn *conn)
{
	if (!conn)
		return;
	nl_socket_free(conn->sk);
	free(conn);
}

bool module_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

bool module_version(const char *module, char *buf, size_t size)
{
	char path[128];
	FILE *file;
	bool read;

	snprintf(path, sizeof(path), "/sys/module/%s/version", module);
	file = fopen(path, "re");
	if (!file)
		return false;
	read = fgets(buf, size, file);
	fclose(file);
	if (read)
		buf[strcspn(buf, "\n")] = '\0';
	return read;
}

int netns_enter(const char *name)
{
	char path[300];
	int fd, ret;

	if (!*name || strchr(name, '/') || strlen(name) > NAME_MAX)
		return misuse(NULL, "\"%s\" is not the name of a network namespace", name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refused(NULL, NULL, "network namespace \"%s\": %s", name, strerror(errno));
	ret = setns(fd, CLONE_NEWNET);
	close(fd);
	if (!ret)
		return DONE;
	return refused(NULL, NULL, "network namespace \"%s\": %s", name, errno == EPERM ?
		       "not permitted, this needs the capability CAP_SYS_ADMIN" :
		       strerror(errno));
}
