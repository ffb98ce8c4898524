// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets from nowhere: hands packets of many flows to the stack as a device
 * would, and counts how long the stack takes for each.  In an emulator that
 * counts instructions (QEMU's -icount) a nanosecond is an instruction.
 *
 * They come from devices of the network namespace that insmod is run in.  The
 * result is one line in the kernel's log.  Loading the module is the
 * measurement, so it never stays loaded: insmod says ECANCELED.
 */
#include <linux/completion.h>
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/inet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>

static char *dev = "";
module_param(dev, charp, 0);
MODULE_PARM_DESC(dev, "device that the packets seem to come from");

static char *src = "";
module_param(src, charp, 0);
MODULE_PARM_DESC(src, "sender; further ones count up from it");

static char *dst = "";
module_param(dst, charp, 0);
MODULE_PARM_DESC(dst, "receiver; counted up instead if many is \"dst\"");

static char *many = "src";
module_param(many, charp, 0);
MODULE_PARM_DESC(many, "src or dst: which end has the address and port of the flow");

static ushort sport = 1024;
module_param(sport, ushort, 0);
MODULE_PARM_DESC(sport, "port of the sender; that of the first flow if it is many");

static ushort dport = 80;
module_param(dport, ushort, 0);
MODULE_PARM_DESC(dport, "port of the receiver; that of the first flow if it is many");

static char *kind = "ack";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "none, syn, synack, ack or udp");

static uint flows = 1;
module_param(flows, uint, 0);
MODULE_PARM_DESC(flows, "flows, of which each has its own port or address");

static uint packets = 1;
module_param(packets, uint, 0);
MODULE_PARM_DESC(packets, "packets, of which each belongs to the next flow");

static uint cpus = 1;
module_param(cpus, uint, 0);
MODULE_PARM_DESC(cpus, "processors that do this at once, each with its share of the flows");

static uint payload = 18;
module_param(payload, uint, 0);
MODULE_PARM_DESC(payload, "bytes behind the transport header");

/* Ports of one address */
#define PORTS	32768

#define MAX_CPUS	8

struct ends {
	bool v6;
	struct in6_addr src;
	struct in6_addr dst;
	u8 flags;
	u8 l4;
	__be16 protocol;
};

static int parse_address(const char *text, bool v6, struct in6_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	return (v6 ? in6_pton(text, -1, addr->s6_addr, -1, NULL) :
		     in4_pton(text, -1, addr->s6_addr, -1, NULL)) ? 0 : -EINVAL;
}

static int parse(struct ends *e)
{
	e->v6 = strchr(src, ':');
	e->protocol = e->v6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	e->l4 = strcmp(kind, "udp") ? IPPROTO_TCP : IPPROTO_UDP;
	if (!strcmp(kind, "none"))
		e->protocol = htons(ETH_P_802_EX1);
	else if (!strcmp(kind, "syn"))
		e->flags = 0x02;
	else if (!strcmp(kind, "synack"))
		e->flags = 0x12;
	else
		e->flags = 0x10;
	return parse_address(src, e->v6, &e->src) ?:
	       parse_address(dst, e->v6, &e->dst);
}

/* The flow's number goes into the port, and what is left into the address */
static void vary(struct in6_addr *addr, bool v6, u16 *port, u32 flow)
{
	__be32 *low = &addr->s6_addr32[v6 ? 3 : 0];

	*port += flow % PORTS;
	*low = htonl(ntohl(*low) + flow / PORTS);
}

static void put_transport(struct sk_buff *skb, const struct ends *e,
			  const struct in6_addr *from, const struct in6_addr *to,
			  u16 from_port, u16 to_port)
{
	u32 hlen = e->l4 == IPPROTO_TCP ? sizeof(struct tcphdr) :
					  sizeof(struct udphdr);
	struct tcphdr *th = skb_put_zero(skb, hlen + payload);
	struct udphdr *uh = (void *)th;
	u32 len = hlen + payload;
	__sum16 *check;

	th->source = htons(from_port);
	th->dest = htons(to_port);
	if (e->l4 == IPPROTO_TCP) {
		th->doff = 5;
		((u8 *)th)[13] = e->flags;
		th->seq = htonl(1);
		th->window = htons(1024);
		check = &th->check;
	} else {
		uh->len = htons(len);
		check = &uh->check;
	}
	*check = e->v6 ? csum_ipv6_magic(from, to, len, e->l4,
					 csum_partial(th, len, 0)) :
			 csum_tcpudp_magic(from->s6_addr32[0], to->s6_addr32[0],
					   len, e->l4, csum_partial(th, len, 0));
}

static void put_network(struct sk_buff *skb, const struct ends *e,
			const struct in6_addr *from, const struct in6_addr *to)
{
	struct ipv6hdr *ip6h;
	struct iphdr *iph;

	if (e->v6) {
		ip6h = skb_push(skb, sizeof(*ip6h));
		memset(ip6h, 0, sizeof(*ip6h));
		ip6h->version = 6;
		ip6h->payload_len = htons(skb->len - sizeof(*ip6h));
		ip6h->nexthdr = e->l4;
		ip6h->hop_limit = 64;
		ip6h->saddr = *from;
		ip6h->daddr = *to;
		return;
	}
	iph = skb_push(skb, sizeof(*iph));
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->ttl = 64;
	iph->protocol = e->l4;
	iph->tot_len = htons(skb->len);
	iph->frag_off = htons(IP_DF);
	iph->saddr = from->s6_addr32[0];
	iph->daddr = to->s6_addr32[0];
	ip_send_check(iph);
}

static struct sk_buff *packet(const struct ends *e, struct net_device *from_dev,
			      u32 flow)
{
	struct in6_addr from = e->src, to = e->dst;
	u16 from_port = sport, to_port = dport;
	struct sk_buff *skb;

	if (strcmp(many, "dst"))
		vary(&from, e->v6, &from_port, flow);
	else
		vary(&to, e->v6, &to_port, flow);
	skb = alloc_skb(128 + sizeof(struct ipv6hdr) + sizeof(struct tcphdr) +
			payload, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, 128 + sizeof(struct ipv6hdr));
	put_transport(skb, e, &from, &to, from_port, to_port);
	put_network(skb, e, &from, &to);
	skb_push(skb, ETH_HLEN);
	memset(skb->data, 0, ETH_HLEN);
	skb_reset_mac_header(skb);
	__skb_pull(skb, ETH_HLEN);
	skb->protocol = e->protocol;
	skb->dev = from_dev;
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return skb;
}

/* Who takes what is "none": the end of a packet that nobody has a use for */
static int swallow(struct sk_buff *skb, struct net_device *in,
		   struct packet_type *pt, struct net_device *orig)
{
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type none = {
	.type = htons(ETH_P_802_EX1),
	.func = swallow,
};

/* Made in lots, so that only what the stack does is timed */
#define LOT	64

/**
 * struct injector - what one processor does
 * @ends: what packets look like
 * @dev: where they seem to come from
 * @share: number of the processor
 * @taken: ns that the stack took
 * @done: it is over
 */
struct injector {
	const struct ends *ends;
	struct net_device *dev;
	u32 share;
	u64 taken;
	struct completion done;
};

static u64 run(const struct injector *in)
{
	u32 mine = flows / cpus, first = in->share * mine;
	struct sk_buff *lot[LOT];
	u64 began, taken = 0;
	u32 sent, n, i;

	for (sent = 0; sent < packets; sent += n) {
		n = min_t(u32, LOT, packets - sent);
		for (i = 0; i < n; i++)
			lot[i] = packet(in->ends, in->dev,
					first + (sent + i) % mine);
		local_bh_disable();
		began = ktime_get_ns();
		for (i = 0; i < n; i++) {
			if (lot[i])
				netif_receive_skb(lot[i]);
		}
		taken += ktime_get_ns() - began;
		local_bh_enable();
		cond_resched();
	}
	return taken;
}

static int work(void *data)
{
	struct injector *in = data;

	in->taken = run(in);
	complete(&in->done);
	return 0;
}

/* The time of the slowest: while it worked, all the others did as well */
static u64 run_all(const struct ends *e, struct net_device *from_dev)
{
	static struct injector injectors[MAX_CPUS];
	struct task_struct *task;
	u64 taken = 0;
	u32 i;

	for (i = 0; i < cpus; i++) {
		injectors[i] = (struct injector) {
			.ends = e,
			.dev = from_dev,
			.share = i,
		};
		init_completion(&injectors[i].done);
		task = kthread_create_on_cpu(work, &injectors[i], i, "inject/%u");
		if (IS_ERR(task))
			complete(&injectors[i].done);
		else
			wake_up_process(task);
	}
	for (i = 0; i < cpus; i++) {
		wait_for_completion(&injectors[i].done);
		taken = max(taken, injectors[i].taken);
	}
	return taken;
}

static int __init inject_init(void)
{
	struct net_device *from_dev;
	struct ends e = {};
	u64 taken;
	int err;

	err = parse(&e);
	if (err || !packets || !cpus || cpus > MAX_CPUS || flows < cpus ||
	    cpus > num_online_cpus())
		return -EINVAL;
	from_dev = dev_get_by_name(current->nsproxy->net_ns, dev);
	if (!from_dev)
		return -ENODEV;
	dev_add_pack(&none);
	taken = run_all(&e, from_dev);
	dev_remove_pack(&none);
	dev_put(from_dev);
	pr_info("inject: %u packets in %llu ns\n", packets * cpus, taken);
	return -ECANCELED;
}
module_init(inject_init);

MODULE_DESCRIPTION("Injects packets and times what the stack does with them");
MODULE_LICENSE("GPL");
