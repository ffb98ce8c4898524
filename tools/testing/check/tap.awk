# SPDX-License-Identifier: GPL-2.0-only
#
# Count the tests of a log that holds TAP or KTAP, several documents of it one
# after the other if need be, with anything else between.
#
#	awk -v status=STATUS -f tap.awk LOG
#
# STATUS is what the program that wrote the log ended with.  Prints a line
# "fail LINE DESCRIPTION" for each failure and at last "total PASSED FAILED
# SKIPPED".
#
# A test with subtests is not counted but its subtests are, unless it failed
# though none of them did.  Tests that were planned and never ran are a
# failure; so are a document without a plan, a program that failed though none
# of its tests did, and one that ran no test.

function fail(line, what)
{
	failed++
	printf "fail %d %s\n", line, what
}

# Levels are told apart by their indentation.
function leave(level)
{
	if (level in planned && planned[level] != seen[level] + 0)
		fail(NR, planned[level] " tests were planned and " \
			 seen[level] + 0 " ran")
	else if (level == 0 && seen[level] && !(level in planned))
		fail(NR, "the tests ended without a plan")
	delete planned[level]
	delete seen[level]
	delete failed_before[level]
}

# Leave what is deeper than level; tell whether that held tests.
function come_to(level,		deep, subtests)
{
	for (deep = deepest; deep > level; deep--) {
		if (seen[deep])
			subtests = 1
		leave(deep)
	}
	deepest = level
	return subtests
}

function begin(level)
{
	come_to(level)
	if (level in planned)
		leave(level)
	failed_before[level] = failed
}

function result(level, bad, what,	subtests)
{
	subtests = come_to(level)
	seen[level]++
	if (subtests) {
		if (bad && failed == failed_before[level])
			fail(NR, what)
	} else if (what ~ /# *[Ss][Kk][Ii][Pp]/) {
		skipped++
	} else if (bad) {
		fail(NR, what)
	} else {
		passed++
	}
	failed_before[level] = failed
}

{
	sub(/\r$/, "")
	match($0, /^ */)
	level = RLENGTH
	line = substr($0, level + 1)
}

line ~ /^K?TAP version [0-9]+$/ {
	begin(level)
	leave(level)
}

line ~ /^1\.\.[0-9]+( |$)/ {
	begin(level)
	planned[level] = substr(line, 4) + 0
	if (level == 0 && line ~ /^1\.\.0 *# *[Ss][Kk][Ii][Pp]/)
		skipped++
}

line ~ /^(not )?ok [0-9]+( |$)/ {
	bad = line ~ /^not /
	sub(/^(not )?ok [0-9]+ *(- )?/, "", line)
	result(level, bad, line)
}

line ~ /^Bail out!/ {
	fail(NR, line)
}

END {
	come_to(0)
	leave(0)
	if (status && !failed)
		fail(NR, "ended with status " status)
	if (!passed && !failed && !skipped)
		fail(NR, "ran no test")
	printf "total %d %d %d\n", passed, failed, skipped
}
