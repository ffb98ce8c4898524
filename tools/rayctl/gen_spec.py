#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the tables of spec.h for one netlink spec.

Attributes of a set are numbered from 1 in order, operations from 1 in order
of the list with events among them, entries of an enum from 0: the numbers
that the kernel's own generator writes into the uapi header. --assert prints
C that fails to compile where the two disagree.
"""

import argparse
import os
import sys

import yaml

LICENCE = "((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)"
SCALARS = {"u8": "SPEC_U8", "u16": "SPEC_U16", "u32": "SPEC_U32",
           "u64": "SPEC_U64", "uint": "SPEC_UINT"}
HINTS = {"ipv4": "SPEC_IPV4", "ipv6": "SPEC_IPV6"}


class SpecError(Exception):
    """The spec holds something that these tables cannot say."""


def c_name(*words):
    return "_".join(words).replace("-", "_").lower()


def c_string(text):
    text = " ".join(text.split())
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Family:
    """A spec with its numbers given out."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.yaml = yaml.safe_load(file)
        self.path = path
        self.name = self.yaml["name"]
        self.ident = c_name(self.name)
        definitions = self.yaml.get("definitions", [])
        self.consts = {d["name"]: d["value"] for d in definitions if d["type"] == "const"}
        self.enums = {d["name"]: self.entries(d) for d in definitions if d["type"] == "enum"}
        # A subset is its parent by another name: the numbers are the parent's.
        self.sets = {s["name"]: s for s in self.yaml["attribute-sets"] if "subset-of" not in s}
        self.parents = {s["name"]: s.get("subset-of", s["name"])
                        for s in self.yaml["attribute-sets"]}
        self.ops = self.yaml["operations"]["list"]
        groups = self.yaml.get("mcast-groups", {}).get("list", [])
        if len(groups) > 1:
            raise SpecError("more than one multicast group")
        self.group = groups[0]["name"] if groups else None

    @staticmethod
    def entries(definition):
        if definition.get("value-start", 0):
            raise SpecError(f"enum {definition['name']} does not start at 0")
        entries = []
        for entry in definition["entries"]:
            if isinstance(entry, str):
                entry = {"name": entry}
            if entry.get("value", len(entries)) != len(entries):
                raise SpecError(f"enum {definition['name']} has gaps")
            entries.append((entry["name"], entry.get("doc", "")))
        return entries

    def check(self, attr, key):
        value = attr.get("checks", {}).get(key, 0)
        return self.consts[value] if value in self.consts else value

    def attr_fields(self, attr):
        """The initialiser of one struct spec_attr, as a list of fields."""
        kind = attr["type"]
        hint = attr.get("display-hint")
        fields = [f".name = {c_string(attr['name'])}"]
        if hint in HINTS:
            return fields + [f".kind = {HINTS[hint]}"]
        if kind in SCALARS:
            fields.append(f".kind = {SCALARS[kind]}")
            if attr.get("byte-order") == "big-endian":
                fields.append(".big_endian = true")
            if "enum" in attr:
                fields.append(f".values = {c_name('enum', attr['enum'])}")
        elif kind == "nest":
            fields += [".kind = SPEC_NEST",
                       f".nest = &{c_name('set', self.parents[attr['nested-attributes']])}"]
        elif kind == "pad":
            fields.append(".kind = SPEC_UNUSED")
        elif kind in ("flag", "string", "binary"):
            fields.append(f".kind = SPEC_{kind.upper()}")
        else:
            raise SpecError(f"attribute {attr['name']}: type {kind} is not known to rayctl")
        for field, key in (("min", "min"), ("max", "max"), ("max", "max-len")):
            value = self.check(attr, key)
            if value:
                fields.append(f".{field} = {value}ULL")
        if attr.get("multi-attr"):
            fields.append(".multi = true")
        return fields

    def op_set(self, op):
        if "notify" in op:
            return next(o["attribute-set"] for o in self.ops if o["name"] == op["notify"])
        return op["attribute-set"]

    # -- C ---------------------------------------------------------------

    def source(self):
        for name, entries in self.enums.items():
            yield f"static const struct spec_value {c_name('enum', name)}[] = {{"
            for entry, doc in entries:
                yield f"\t{{ {c_string(entry)},\n\t  {c_string(doc)} }},"
            yield "\t{ NULL, NULL }\n};\n"
        for name in self.sets:
            yield f"static const struct spec_set {c_name('set', name)};"
        yield ""
        for name, attr_set in self.sets.items():
            attrs = attr_set["attributes"]
            yield f"static const struct spec_attr {c_name('attrs', name)}[] = {{"
            for number, attr in enumerate(attrs, 1):
                yield f"\t[{number}] = {{ " + ", ".join(self.attr_fields(attr)) + " },"
            yield "};\n"
            yield f"static const struct spec_set {c_name('set', name)} = {{"
            yield f"\t{c_string(name)}, {len(attrs)}, {c_name('attrs', name)}\n}};\n"
        yield "static const struct spec_op ops[] = {"
        for number, op in enumerate(self.ops, 1):
            event = "true" if "notify" in op or "event" in op else "false"
            yield (f"\t{{ {c_string(op['name'])}, {number}, {event},"
                   f" &{c_name('set', self.op_set(op))} }},")
        yield "\t{ NULL, 0, false, NULL }\n};\n"
        yield f"const struct spec_family {self.ident}_spec = {{"
        yield f"\t.name = {c_string(self.name)},"
        yield f"\t.version = {self.yaml.get('version', 1)},"
        if self.group:
            yield f"\t.group = {c_string(self.group)},"
        yield "\t.ops = ops,\n};"

    def header(self):
        guard = f"RAYCTL_SPEC_{self.ident.upper()}_H"
        yield f"#ifndef {guard}\n#define {guard}\n"
        yield '#include "spec.h"\n'
        yield f"extern const struct spec_family {self.ident}_spec;\n"
        yield "#endif"

    def asserts(self):
        yield f"#include <linux/{self.ident}.h>\n"
        wanted = []
        for name, entries in self.enums.items():
            wanted += [((name, entry), i) for i, (entry, _) in enumerate(entries)]
        for name, attr_set in self.sets.items():
            wanted += [(("a", name, attr["name"]), i)
                       for i, attr in enumerate(attr_set["attributes"], 1)]
        wanted += [(("cmd", op["name"]), i) for i, op in enumerate(self.ops, 1)]
        for words, number in wanted:
            constant = c_name(self.ident, *words).upper()
            yield f'_Static_assert((int){constant} == {number}, "{constant}");'

    def preamble(self, left, right):
        return (f"{left} SPDX-License-Identifier: {LICENCE}{right}\n"
                f"/* Do not edit: written by gen_spec.py from {os.path.basename(self.path)}. */\n")


def write(path, *parts):
    """Leave the old file alone unless the new one is whole and differs."""
    text = "\n".join(parts) + "\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spec")
    parser.add_argument("-o", "--output", metavar="FILE.c",
                        help="the tables; their header goes beside it")
    parser.add_argument("--assert", dest="asserts", action="store_true",
                        help="print static assertions against the uapi header")
    args = parser.parse_args()
    try:
        family = Family(args.spec)
        if args.asserts:
            print("\n".join(family.asserts()))
        if args.output:
            base, _ = os.path.splitext(args.output)
            source = "\n".join(family.source())
            write(base + ".h", family.preamble("/*", " */"), *family.header())
            write(base + ".c", family.preamble("//", ""),
                  f'#include "{os.path.basename(base)}.h"\n', source)
    except SpecError as error:
        sys.exit(f"{args.spec}: {error}")


if __name__ == "__main__":
    main()
