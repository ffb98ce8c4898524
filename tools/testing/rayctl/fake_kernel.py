#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Play the kernel for rayctl, where no module can be loaded.

Speaks the family of the spec over NETLINK_USERSOCK, from the YAML alone: what
rayctl's own tables say is checked against a second reading of the spec. It
keeps balancers and backends but carries no traffic, and refuses the way the
kernel does, with extended acks.

Names that provoke what a well-behaved kernel seldom does:
  eperm      not permitted, without a message
  missing    an attribute of the request is missing, told by number
  nested     an attribute inside a nest is bad
  echo       the refused request is sent back whole
  garbage    an attribute of the reply is cut short
  silent     refused without a message
  unload     when it is made, events have an end
"""

import argparse
import errno
import ipaddress
import os
import socket
import struct
import sys

import yaml

NETLINK_USERSOCK = 2
FAMILY = 42
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x2, 0x4, 0x10, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
GENL_ID_CTRL, CTRL_CMD_DELFAMILY, CTRL_ATTR_FAMILY_ID = 16, 2, 1
ATTR_MSG, ATTR_OFFS, ATTR_MISS_TYPE, ATTR_MISS_NEST = 1, 2, 5, 6
NLA_F_NESTED = 0x8000
# The policy that another module has registered.
SAMPLE = "sample"
SIZES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class Refusal(Exception):
    """An error for the client."""

    def __init__(self, code, text=None, attr=None, missing=None, nest=None, echo=False):
        super().__init__(text)
        self.code, self.text, self.attr, self.echo = code, text, attr, echo
        self.missing, self.nest = missing, nest


def nla(number, payload):
    data = struct.pack("=HH", 4 + len(payload), number) + payload
    return data + bytes(-len(data) % 4)


class Spec:
    """Encoding and decoding by the YAML."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            spec = yaml.safe_load(file)
        self.sets = {s["name"]: s["attributes"] for s in spec["attribute-sets"]}
        # A subset has the numbers of its parent, and fewer of its attributes.
        self.allowed = {}
        for subset in spec["attribute-sets"]:
            if "subset-of" in subset:
                self.allowed[subset["name"]] = {a["name"] for a in subset["attributes"]}
                self.sets[subset["name"]] = self.sets[subset["subset-of"]]
        self.enums = {d["name"]: [e["name"] for e in d["entries"]]
                      for d in spec["definitions"] if d["type"] == "enum"}
        self.ops = spec["operations"]["list"]
        self.by_name = {op["name"]: (i, op) for i, op in enumerate(self.ops, 1)}

    def number(self, set_name, attr_name):
        return next(i for i, a in enumerate(self.sets[set_name], 1) if a["name"] == attr_name)

    def encode(self, set_name, values):
        data = b""
        for i, attr in enumerate(self.sets[set_name], 1):
            if attr["name"] in values:
                value = values[attr["name"]]
                for one in value if attr.get("multi-attr") else [value]:
                    data += self.encode_one(i, attr, one)
        return data

    def encode_one(self, number, attr, value):
        kind = attr["type"]
        if kind == "nest":
            return nla(number | NLA_F_NESTED, self.encode(attr["nested-attributes"], value))
        if attr.get("display-hint") in ("ipv4", "ipv6"):
            return nla(number, ipaddress.ip_address(value).packed)
        if kind == "binary":
            return nla(number, bytes.fromhex(value))
        if kind == "string":
            return nla(number, value.encode("utf-8", "surrogateescape") + b"\0")
        if kind == "binary":
            return nla(number, bytes.fromhex(value))
        if kind == "flag":
            return nla(number, b"")
        if isinstance(value, str):
            value = self.enums[attr["enum"]].index(value)
        if kind == "uint":
            kind = "u32" if value < 1 << 32 else "u64"
        order = ">" if attr.get("byte-order") == "big-endian" else "="
        return nla(number, struct.pack(order + SIZES[kind], value))

    def decode(self, set_name, data, base, offsets, prefix=""):
        """Values by name; @offsets takes where each attribute began."""
        values, at = {}, 0
        while at + 4 <= len(data):
            length, number = struct.unpack_from("=HH", data, at)
            attr = self.sets[set_name][(number & 0x3fff) - 1]
            payload, name = data[at + 4:at + length], attr["name"]
            if name not in self.allowed.get(set_name, [name]):
                raise Refusal(errno.EINVAL, "Unknown attribute type", prefix + name)
            path = prefix + name
            if attr.get("multi-attr"):
                path += f"[{len(values.setdefault(name, []))}]"
            offsets[path] = base + at
            if bool(number & NLA_F_NESTED) != (attr["type"] == "nest"):
                raise Refusal(errno.EINVAL, "NLA_F_NESTED is missing", prefix + name)
            if attr["type"] == "nest":
                value = self.decode(attr["nested-attributes"], payload, base + at + 4,
                                    offsets, path + ".")
            else:
                value = self.decode_one(attr, payload)
            if attr.get("multi-attr"):
                values[name].append(value)
            else:
                values[name] = value
            at += length + -length % 4
        return values

    def decode_one(self, attr, payload):
        if attr.get("display-hint") in ("ipv4", "ipv6"):
            return str(ipaddress.ip_address(payload))
        if attr["type"] == "binary":
            return payload.hex()
        if attr["type"] == "string":
            if payload[-1:] != b"\0":
                raise Refusal(errno.EINVAL, "string without NUL", attr["name"])
            return payload[:-1].decode("utf-8", "surrogateescape")
        if attr["type"] == "binary":
            return payload.hex()
        if attr["type"] == "flag":
            return True
        order = ">" if attr.get("byte-order") == "big-endian" else "="
        (value,) = struct.unpack(order + SIZES[attr["type"]], payload)
        return self.enums[attr["enum"]][value] if "enum" in attr else value


class Kernel:
    """What the module would keep."""

    def __init__(self, spec, state):
        self.spec = spec
        self.balancers = state.get("balancers", [])
        self.backends = state.get("backends", [])
        self.status = state.get("status", {})
        self.events = []
        self.last_id = 100

    def balancer(self, request, key="name"):
        for balancer in self.balancers:
            if balancer["name"] == request[key]:
                return balancer
        raise Refusal(errno.ENOENT, "no balancer of this name", key)

    def backend(self, request):
        self.balancer(request, "balancer")
        for backend in self.backends:
            if all(backend.get(k) == request.get(k) for k in ("balancer", "ipv4", "ipv6", "port")):
                return backend
        raise Refusal(errno.ENOENT, "no such backend", "port")

    def new_id(self):
        self.last_id += 1
        return self.last_id

    def tell(self, name, msg):
        self.events.append((name, msg))

    # Names that are meant to fail ------------------------------------------

    @staticmethod
    def provoke(name):
        if name == "eperm":
            raise Refusal(errno.EPERM)
        if name == "silent":
            raise Refusal(errno.EOPNOTSUPP)
        if name == "missing":
            raise Refusal(errno.EINVAL, missing=("balancer", "port"))
        if name == "missing-nested":
            raise Refusal(errno.EINVAL, missing=("health", "path"), nest="health")
        if name == "nested":
            raise Refusal(errno.ERANGE, "integer out of range", "health.interval")
        if name == "echo":
            raise Refusal(errno.EBUSY, "sent back whole", "name", echo=True)

    # Operations ------------------------------------------------------------

    def do_balancer_get(self, request):
        self.provoke(request["name"])
        return self.balancer(request)

    def dump_balancer_get(self, _request):
        return [{k: v for k, v in b.items() if k != "program"} for b in self.balancers]

    @staticmethod
    def picker(balancer, request):
        """What picks with the policies that are not the module's own."""
        for policy, attr in ("custom", "program"), ("module", "policy-name"):
            if balancer["policy"] != policy:
                if attr in request:
                    raise Refusal(errno.EINVAL, f"only the policy {policy} has it", attr)
                balancer.pop(attr, None)
            elif attr not in balancer:
                raise Refusal(errno.EINVAL, f"the policy {policy} needs it", "policy")
        if balancer.get("policy-name", SAMPLE) != SAMPLE:
            raise Refusal(errno.ENOENT, "no module has registered a policy of this name",
                          "policy-name")

    def do_balancer_new(self, request):
        self.provoke(request["name"])
        if any(b["name"] == request["name"] for b in self.balancers):
            raise Refusal(errno.EEXIST, "a balancer has this name already", "name")
        balancer = {"id": self.new_id(), "proto": "tcp", "policy": "round-robin", "affinity": 0,
                    "when-down": "reset", "backends": 0, "healthy": 0, "active": 0, "mode": "nat",
                    **request}
        self.picker(balancer, request)
        self.balancers.append(balancer)
        self.tell("balancer-ntf", balancer)
        return {"id": balancer["id"]}

    def do_balancer_set(self, request):
        balancer = self.balancer(request)
        self.picker({**balancer, **request}, request)
        balancer.setdefault("health", {}).update(request.pop("health", {}))
        balancer.update(request)
        self.picker(balancer, request)
        self.tell("balancer-ntf", balancer)

    def do_balancer_del(self, request):
        balancer = self.balancer(request)
        self.balancers.remove(balancer)
        self.tell("balancer-del-ntf", {k: balancer[k] for k in ("id", "name")})

    def do_backend_get(self, request):
        return self.backend(request)

    def dump_backend_get(self, request):
        if "balancer" in request:
            self.balancer(request, "balancer")
        return [b for b in self.backends
                if request.get("balancer") in (None, b["balancer"])]

    def do_backend_new(self, request):
        balancer = self.balancer(request, "balancer")
        if ("ipv4" in balancer) != ("ipv4" in request):
            raise Refusal(errno.EAFNOSUPPORT, "backend and virtual address differ in family",
                          "ipv6" if "ipv6" in request else "ipv4")
        backend = {"id": self.new_id(), "weight": 1, "limit": 0, "admin": "online",
                   "state": "healthy", "since": 0, "active": 0, **request}
        self.backends.append(backend)
        self.tell("backend-ntf", backend)
        return {"id": backend["id"]}

    def do_backend_set(self, request):
        backend, old = self.backend(request), None
        backend.update(request)
        self.tell("backend-ntf", backend)
        old = backend["state"]
        backend["state"] = {"online": "healthy", "drain": "draining",
                            "offline": "offline"}[backend["admin"]]
        if old != backend["state"]:
            msg = {k: backend[k] for k in ("balancer", "id", "ipv4", "ipv6", "port", "state",
                                           "check") if k in backend}
            self.tell("health-ntf", {**msg, "old-state": old})

    def do_backend_del(self, request):
        backend = self.backend(request)
        self.backends.remove(backend)
        self.tell("backend-del-ntf", {k: backend[k] for k in ("balancer", "id", "ipv4", "ipv6",
                                                              "port") if k in backend})

    def do_config_set(self, request):
        """All or nothing: made aside, and dropped if anything is wrong."""
        old = self.balancers, self.backends
        config = [("balancer", self.do_balancer_new), ("backend", self.do_backend_new)]
        self.balancers, self.backends, events = [], [], self.events[:]
        try:
            for array, make in config:
                for i, item in enumerate(request.get(array, [])):
                    try:
                        make(item)
                    except Refusal as refusal:
                        refusal.attr = f"{array}[{i}].{refusal.attr}"
                        raise
        except Refusal:
            self.balancers, self.backends = old
            self.events = events
            raise
        new = self.balancers, self.backends
        if "check" in request:
            self.balancers, self.backends = old
            self.events = events
        keys = [{(b.get("balancer"), b.get("name"), b.get("ipv4"), b.get("ipv6"), b["port"])
                 for b in some} for some in old + new]
        return {"balancers-added": len(keys[2] - keys[0]),
                "balancers-removed": len(keys[0] - keys[2]),
                "backends-added": len(keys[3] - keys[1]),
                "backends-removed": len(keys[1] - keys[3])}

    def do_status_get(self, _request):
        return {**self.status, "balancers": len(self.balancers)}

    def dump_policy_get(self, _request):
        users = {p: sum(b["policy"] == p for b in self.balancers)
                 for p in self.spec.enums["policy"]}
        return [{"policy": p, "balancers": n, **({"name": SAMPLE} if p == "module" else {})}
                for p, n in users.items()]


class Memory:
    """What rayos_zcomp would keep, but for the pages."""

    def __init__(self, spec, state):
        self.spec, self.state, self.events = spec, state, []
        self.stores = state.get("stores", [])
        self.settings = state.get("settings", {"level": "balanced", "codec": "lzo"})

    def store(self, request, what="device"):
        for store in self.stores:
            if store["name"] == request["name"]:
                return store
        raise Refusal(errno.ENOENT, f"no {what} of this name", "name")

    def do_status_get(self, _request):
        return self.state.get("status", {})

    def do_store_get(self, request):
        return self.store(request, "device that has a size and no region")

    def dump_store_get(self, _request):
        return self.stores

    def do_pages_get(self, request):
        if "name" in request:
            self.do_store_get(request)
        return self.state.get("pages", {})

    def dump_stats_get(self, _request):
        return self.state.get("stats", [])

    def do_device_add(self, request):
        if request.get("name") == "rayz9":
            raise Refusal(errno.EPERM, "not permitted, this needs the capability CAP_SYS_ADMIN")
        name = request.get("name", f"rayz{len(self.stores)}")
        if any(s["name"] == name for s in self.stores):
            raise Refusal(errno.EBUSY, "the device has a size already, reset it first", "name")
        store = {"kind": "device", "limit": 0, "level": self.settings["level"],
                 "codec": self.settings["codec"], **request, "name": name}
        self.stores.append(store)
        self.events.append(("device-ntf", {k: store[k] for k in ("name", "size", "level",
                                                                 "codec", "limit")}))
        return {"name": name, "new": True}

    def do_device_set(self, request):
        self.store(request).update(request)

    def do_device_del(self, request):
        self.stores.remove(self.store(request))
        self.events.append(("device-del-ntf", request))

    def do_device_reset(self, request):
        self.stores.remove(self.store(request))
        self.events.append(("device-reset-ntf", request))

    def do_compact(self, request):
        if "name" in request:
            self.store(request)
        return {"freed": 65536}

    def do_flush(self, request):
        store = self.do_store_get(request) if "name" in request else self.stores[-1]
        return {"counters": {"cooled": 4000, "evicted": store["resident"]}}

    def do_settings_get(self, _request):
        return self.settings

    def do_settings_set(self, request):
        self.settings = {**self.settings, **request}
        self.events.append(("settings-ntf", self.settings))

    def do_policy_get(self, _request):
        return self.state.get("policy", {})


class Server:
    """The messages around it."""

    def __init__(self, kernel, args):
        self.kernel, self.spec = kernel, kernel.spec
        self.disturbed, self.flood, self.old = args.disturbed, args.flood, args.old
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_USERSOCK)
        self.sock.bind((0, 0))
        self.port = self.sock.getsockname()[0]

    @staticmethod
    def message(kind, flags, seq, port, payload):
        data = struct.pack("=IHHII", 16 + len(payload), kind, flags, seq, port) + payload
        return data + bytes(-len(data) % 4)

    def answer(self, cmd, values, set_name):
        data = self.spec.encode(set_name, values)
        if values.get("name") == "garbage":
            data += struct.pack("=HHH", 6, self.spec.number("balancer", "active"), 1) + b"\0\0"
        return struct.pack("=BBH", cmd, 1, 0) + data

    def tlvs(self, refusal, offsets, dump):
        data = b""
        if refusal.text:
            data += nla(ATTR_MSG, refusal.text.encode() + b"\0")
        if refusal.attr in offsets and not (dump and self.old):
            data += nla(ATTR_OFFS, struct.pack("=I", offsets[refusal.attr]))
        if refusal.missing:
            data += nla(ATTR_MISS_TYPE, struct.pack("=I", self.spec.number(*refusal.missing)))
        if refusal.nest in offsets:
            data += nla(ATTR_MISS_NEST, struct.pack("=I", offsets[refusal.nest]))
        return data

    def refuse(self, refusal, request, offsets, dump):
        tlvs = self.tlvs(refusal, offsets, dump)
        flags = NLM_F_ACK_TLVS if tlvs else 0
        code = struct.pack("=i", -refusal.code)
        if dump:
            return NLMSG_DONE, flags | NLM_F_MULTI, code + tlvs
        if refusal.echo:
            return NLMSG_ERROR, flags, code + request + bytes(-len(request) % 4) + tlvs
        return NLMSG_ERROR, flags | NLM_F_CAPPED, code + request[:16] + tlvs

    def handle(self, request, port):
        _, _, flags, seq, _ = struct.unpack_from("=IHHII", request)
        cmd = request[16]
        op = self.spec.ops[cmd - 1]
        dump = flags & NLM_F_DUMP == NLM_F_DUMP
        handler = getattr(self.kernel, ("dump_" if dump else "do_") + op["name"].replace("-", "_"))
        offsets, out = {}, []
        try:
            values = self.spec.decode(op["attribute-set"], request[20:], 20, offsets)
            allowed = op["dump" if dump else "do"].get("request", {}).get("attributes", [])
            for name in values:
                if name not in allowed:
                    raise Refusal(errno.EINVAL, "Unknown attribute type", name)
            reply = handler(values)
            if dump:
                intr = NLM_F_DUMP_INTR if self.disturbed > 0 else 0
                self.disturbed -= 1
                out += [(FAMILY, NLM_F_MULTI | intr, self.answer(cmd, r, op["attribute-set"]))
                        for r in reply]
                out.append((NLMSG_DONE, NLM_F_MULTI | intr, struct.pack("=i", 0)))
            else:
                if reply is not None:
                    out.append((FAMILY, 0, self.answer(cmd, reply, op["attribute-set"])))
                if flags & NLM_F_ACK:
                    out.append((NLMSG_ERROR, NLM_F_CAPPED,
                                struct.pack("=i", 0) + request[:16]))
        except Refusal as refusal:
            out = [self.refuse(refusal, request, offsets, dump)]
        # as the kernel does: who has the answer can be sure of the events
        self.multicast()
        for kind, msg_flags, payload in out:
            self.send(self.message(kind, msg_flags, seq, port, payload), (port, 0))

    def send(self, message, where):
        """Whoever asked may have heard enough and gone, and that is not our end."""
        try:
            self.sock.sendto(message, where)
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.ECONNREFUSED):
                raise

    def multicast(self):
        for name, msg in self.kernel.events:
            cmd, op = self.spec.by_name[name]
            source = self.spec.by_name[op["notify"]][1] if "notify" in op else op
            data = struct.pack("=BBH", cmd, 1, 0) + self.spec.encode(source["attribute-set"], msg)
            for _ in range(self.flood):
                self.send(self.message(FAMILY, 0, 0, 0, data), (0, 1))
            if msg.get("name") == "unload":
                self.tell_end()
        self.kernel.events.clear()

    def tell_end(self):
        """As nlctrl does of a family that goes, and before of one that is not ours."""
        for family in (FAMILY + 1, FAMILY):
            data = struct.pack("=BBH", CTRL_CMD_DELFAMILY, 2, 0)
            data += nla(CTRL_ATTR_FAMILY_ID, struct.pack("=H", family))
            self.send(self.message(GENL_ID_CTRL, 0, 0, 0, data), (0, 1))

    def serve(self):
        while True:
            request, (port, _) = self.sock.recvfrom(65536)
            self.handle(request, port)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spec")
    parser.add_argument("--state", help="YAML file of what there is at first")
    parser.add_argument("--port-file", help="where the netlink port goes, once it listens")
    parser.add_argument("--disturbed", type=int, default=0,
                        help="so many dumps are marked as interrupted")
    parser.add_argument("--flood", type=int, default=1, help="send each event so many times")
    parser.add_argument("--old", action="store_true",
                        help="as Linux 6.1, do not say which attribute a dump is refused for")
    args = parser.parse_args()
    state = {}
    if args.state:
        with open(args.state, encoding="utf-8") as file:
            state = yaml.safe_load(file)
    spec = Spec(args.spec)
    kernel = Memory if "store" in spec.sets else Kernel
    server = Server(kernel(spec, state), args)
    if args.port_file:
        with open(args.port_file + ".new", "w", encoding="utf-8") as file:
            print(server.port, file=file)
        os.replace(args.port_file + ".new", args.port_file)
    else:
        print(server.port, flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
