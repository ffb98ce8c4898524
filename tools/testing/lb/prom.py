# SPDX-License-Identifier: GPL-2.0-only
"""A strict reader of Prometheus' text exposition format, version 0.0.4.

Anything that promtool would complain of raises ValueError with the number of
the line: a sample without HELP and TYPE before it, a family that is not in one
piece, a sample that comes twice, a summary or histogram whose parts do not fit.
"""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)?\})? (\S+)(?: -?\d+)?"
                    % (NAME, LABEL, LABEL))
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
PARTS = {"histogram": ("_bucket", "_sum", "_count"),
         "summary": ("", "_sum", "_count")}


def number(text):
    if text in ("NaN", "+Inf", "-Inf"):
        return float(text)
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        raise ValueError("%r is no number" % text)
    return float(text)


class Exposition:
    def __init__(self, text):
        self.types, self.helps, self.samples = {}, {}, {}
        self.current = None
        self.line = 0
        if text and not text.endswith("\n"):
            raise ValueError("the last line has no end")
        for line in text.split("\n")[:-1]:
            self.line += 1
            try:
                self.take(line)
            except ValueError as err:
                raise ValueError("line %d: %s" % (self.line, err)) from None
        self.check_families()

    def take(self, line):
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            self.comment(*line[2:].split(" ", 2))
        elif line and not line.startswith("#"):
            self.sample(line)

    def comment(self, kind, name, rest=""):
        table = self.helps if kind == "HELP" else self.types
        if not re.fullmatch(NAME, name):
            raise ValueError("%r is no name" % name)
        if name in table:
            raise ValueError("second %s of %s" % (kind, name))
        if kind == "TYPE" and rest not in TYPES:
            raise ValueError("%r is no type" % rest)
        if not rest:
            raise ValueError("empty %s of %s" % (kind, name))
        table[name] = rest
        self.current = name

    def family(self, name):
        for base, kind in self.types.items():
            if name in [base + p for p in PARTS.get(kind, ("",))]:
                return base
        raise ValueError("%s has no TYPE" % name)

    def sample(self, line):
        match = SAMPLE.fullmatch(line)
        if not match:
            raise ValueError("no sample: %r" % line)
        name, labels, value = match.groups()
        base = self.family(name)
        if base not in self.helps:
            raise ValueError("%s has no HELP" % base)
        if base != self.current:
            raise ValueError("%s is not in one piece" % base)
        labels = re.findall(LABEL, labels or "")
        names = [l.split("=")[0] for l in labels]
        if len(set(names)) != len(names):
            raise ValueError("a label comes twice")
        key = (name, tuple(sorted(labels)))
        if key in self.samples:
            raise ValueError("%s comes twice" % (key,))
        value = number(value)
        if self.types[base] == "counter":
            if not name.endswith("_total"):
                raise ValueError("counter %s does not end in _total" % name)
            if not value >= 0:
                raise ValueError("counter %s is negative" % name)
        self.samples[key] = value

    def check_families(self):
        for (name, labels), value in self.samples.items():
            base = self.family(name)
            kind = self.types[base]
            if kind == "summary" and name == base:
                if not any(l.startswith("quantile=") for l in labels):
                    raise ValueError("%s without quantile" % name)
            if kind == "histogram" and name.endswith("_bucket"):
                self.check_bucket(base, labels, value)

    def check_bucket(self, base, labels, value):
        rest = tuple(l for l in labels if not l.startswith("le="))
        if len(rest) == len(labels):
            raise ValueError("%s_bucket without le" % base)
        total = self.samples.get((base + "_count", rest))
        if total is None or value > total:
            raise ValueError("%s: bucket and count do not fit" % base)

    def value(self, name, **labels):
        """Sum of the samples which carry at least these labels."""
        want = {'%s="%s"' % item for item in labels.items()}
        found = [v for (n, ls), v in self.samples.items()
                 if n == name and want <= set(ls)]
        if not found:
            raise KeyError(name)
        return sum(found)
