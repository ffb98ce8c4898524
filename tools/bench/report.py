# SPDX-License-Identifier: GPL-2.0-only
"""What every benchmark prints and writes."""
import json
import platform
import statistics


def row(name, unit, better, ours, peer, peer_name, goal=None):
    """One line: medians of the rounds, and the ratio of each round.

    A ratio above 1 is in our favour, whichever way is better.
    """
    ratios = [o / p if better == "higher" else p / o for o, p in zip(ours, peer)]
    ratio = statistics.median(ratios)
    return {"name": name, "unit": unit, "better": better,
            "ours": statistics.median(ours), "peer": statistics.median(peer),
            "peer_name": peer_name, "ratio": round(ratio, 3),
            "ratio_min": round(min(ratios), 3),
            "ratio_max": round(max(ratios), 3), "goal": goal,
            "met": None if goal is None else ratio >= goal}


def show(bench, lane, rows, path):
    print(f"{bench} on {lane}, Linux {platform.release()}; "
          "a ratio above 1 is in our favour")
    width = max(len(f"{r['name']}, {r['unit']}") for r in rows)
    print(f"{'':{width}}{'ours':>12}{'peer':>12}  {'ratio':>6}  {'spread':>13}  goal")
    for r in rows:
        goal = "" if r["goal"] is None else \
            f"{r['goal']:g} {'met' if r['met'] else 'MISSED'}"
        print(f"{r['name'] + ', ' + r['unit']:{width}}{r['ours']:12.4g}"
              f"{r['peer']:12.4g}  {r['ratio']:6.2f}  "
              f"{r['ratio_min']:6.2f}-{r['ratio_max']:<6.2f}  {goal}")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"bench": bench, "lane": lane, "kernel": platform.release(),
                   "rows": rows}, out, indent=2)
        out.write("\n")
