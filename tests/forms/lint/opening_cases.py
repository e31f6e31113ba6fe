"""Forms with one mistake each, and the rule that finds it; None where ODK Collect opens the form all the same."""

SURVEY = (
    "| survey |\n| | type | name | label | calculation | relevant | constraint | required | default | choice_filter |"
    " repeat_count | read_only |\n"
)
CHOICES = "| choices |\n| | list_name | name | label |\n| | yn | y | Y |\n| | yn | n | N |\n"
_COLUMNS = (
    "calculation", "relevant", "constraint", "required", "default", "choice_filter", "repeat_count", "read_only",
)  # fmt: skip


def row(kind: str, name: str = "", label: str = "L", **cells: str) -> str:
    """A row of the survey sheet."""
    return f"| | {kind} | {name} | {label} | {' | '.join(cells.get(column, '') for column in _COLUMNS)} |\n"


def form(*rows: str, choices: str = "") -> str:
    """A form of those rows after a first question `a`."""
    return SURVEY + row("integer", "a") + "".join(rows) + choices


def calculated(expression: str) -> str:
    """A form with that calculation."""
    return form(row("calculate", "p", "", calculation=expression))


def shown_if(expression: str) -> str:
    """A form with that relevant."""
    return form(row("text", "p", relevant=expression))


GROUP, END = row("begin group", "g"), row("end group", label="")
REPEAT, END_REPEAT = row("begin repeat", "r"), row("end repeat", label="")

CASES: dict[str, tuple[str, str | None]] = {
    # Expressions that are none
    "quote": (shown_if("${a} = 'x"), "unreadable-expression"),
    "bracket": (shown_if("(${a} = 1"), "unreadable-expression"),
    "closed-bracket": (shown_if("${a} = 1)"), "unreadable-expression"),
    "double-equals": (shown_if("${a} == 1"), "unreadable-expression"),
    "ampersands": (shown_if("${a} = 1 && ${a} = 2"), "unreadable-expression"),
    "not-equal": (shown_if("${a} <> 1"), "unreadable-expression"),
    "capital-and": (shown_if("${a} = 1 AND ${a} = 2"), "unreadable-expression"),
    "four-quotes": (shown_if("${a} = ''''"), "unreadable-expression"),
    "comma-at-end": (calculated("concat(${a},)"), "unreadable-expression"),
    "operator-at-end": (calculated("${a} +"), "unreadable-expression"),
    "percent": (calculated("${a} % 2"), "unreadable-expression"),
    "slash": (calculated("${a} / 2"), "unreadable-expression"),
    "dollar": (calculated("$a + 1"), "unreadable-expression"),
    "words": (form(row("date", "d", constraint=". <= today() - 1 day")), "unreadable-expression"),
    "filter": (form(row("select_one yn", "s", choice_filter="name=='y'"), choices=CHOICES), "unreadable-expression"),
    "unknown-axis": (form(row("select_one yn", "s", choice_filter="x::y = 1"), choices=CHOICES), "unreadable-expression"),
    "default": (form(row("text", "t", default="concat('a', 'b'")), "unreadable-expression"),
    "count": (form(row("begin repeat", "r", repeat_count="1 +"), row("text", "t"), END_REPEAT), "unreadable-expression"),
    "deep": (calculated("if(${a} = 1, 1, " * 110 + "0" + ")" * 110), None),
    "long": (calculated(" + ".join(["${a}"] * 700)), None),
    "minus": (calculated("-${a} - -1"), None),
    "union-of-words": (calculated("if(${a} mod 2 = 0 and not(${a} div 2 > 1), 'or', 'and')"), None),
    # What phones do not know
    "function": (shown_if("isblank(${a})"), "unknown-function"),
    "function-in-hidden-group": (
        form(row("begin group", "g", relevant="false()"), row("text", "t", relevant="isblank(${a})"), END),
        "unknown-function",
    ),
    "function-in-repeat": (form(REPEAT, row("calculate", "c", "", calculation="nofunc(1)"), END_REPEAT), "unknown-function"),
    "function-in-default": (form(row("text", "t", default="nofunc(1)")), "unknown-function"),
    "if-of-two": (calculated("if(${a} > 1, 2)"), "unknown-function"),
    "if-of-four": (calculated("if(${a} > 1,5, 2, 3)"), "unknown-function"),
    "coalesce-of-three": (calculated("coalesce(${a}, 2, 3)"), "unknown-function"),
    "today-with-one": (calculated("today(1)"), "unknown-function"),
    "sum-of-two": (calculated("sum(${a}, 1)"), "unknown-function"),
    "sum-of-a-number": (calculated("sum(1)"), "unknown-function"),
    "function-behind-and": (shown_if("${a} = 1 and isblank(${a})"), None),
    "function-in-branch": (calculated("if(${a} > 1, nofunc(1), 2)"), None),
    "function-in-constraint": (form(row("integer", "n", constraint="len(.) > 1")), None),
    "once": (calculated("once(uuid())"), None),
    "choice-name": (
        form(row("select_one yn", "s"), row("calculate", "c", "", calculation="jr:choice-name(${s}, '${s}')"), choices=CHOICES),
        None,
    ),
    "space-before-bracket": (calculated("string-length (${a})"), None),
    "pulldata": (calculated("pulldata('f', 'x', 'y', ${a})"), None),
    "descendants": (calculated("count(//a)"), "unsupported-path"),
    "axis": (calculated("count(../preceding-sibling::a)"), "unsupported-path"),
    "filtered-brackets": (calculated("(${a})[1]"), "unsupported-path"),
    "descendants-in-constraint": (form(row("integer", "n", constraint="count(//a) > 1")), None),
    "other-instance": (calculated("instance('zzz')/root/item[name=${a}]/label"), "missing-instance"),
    "other-script": (SURVEY + row("integer", "عمر"), "unreadable-name"),
    "missing-path": (calculated("/data/nope + 1"), None),
    "missing-neighbour": (shown_if("../nope = 1"), None),
    # Circles
    "circle": (
        form(row("calculate", "b", "", calculation="${c}"), row("calculate", "c", "", calculation="${b}")),
        "cycle",
    ),
    "itself": (calculated("${p} + 1"), "cycle"),
    "itself-by-dot": (calculated(". + 1"), "cycle"),
    "relevant-of-itself": (shown_if("${p} = ''"), "cycle"),
    "required-by-itself": (form(row("text", "t", required="${t} = ''")), "cycle"),
    "read-only-by-itself": (form(row("text", "t", read_only="${t} != ''")), "cycle"),
    "each-other": (form(row("text", "b", relevant="${c} = ''"), row("text", "c", relevant="${b} = ''")), "cycle"),
    "group-by-its-own": (form(row("begin group", "g", relevant="${t} = ''"), row("text", "t"), END), "cycle"),
    "circle-through-a-predicate": (
        form(
            REPEAT,
            row("calculate", "b", "", calculation="count(${r}[../c = 1])"),
            row("calculate", "c", "", calculation="${b}"),
            END_REPEAT,
        ),
        None,
    ),
    "constraint-on-itself": (form(row("text", "t", constraint="${t} != ''")), None),
    "chain": (form(*(row("calculate", f"c{n}", "", calculation=f"${{c{n + 1}}}") for n in range(60)), row("text", "c60")), None),
    # Structure
    "empty-group": (form(GROUP, END), "empty-group"),
    "group-of-calculations": (form(GROUP, row("calculate", "c", "", calculation="1"), END), "empty-group"),
    "empty-repeat": (form(REPEAT, END_REPEAT), None),
    "no-labels": (
        form(row("select_one yn", "s"), choices="| choices |\n| | list_name | name |\n| | yn | y |\n"),
        "choices-without-label",
    ),
    "first-without-label": (
        form(row("select_one yn", "s"), choices=CHOICES.replace("| Y |", "| |")),
        "choices-without-label",
    ),
    "second-without-label": (form(row("select_one yn", "s"), choices=CHOICES.replace("| N |", "| |")), None),
}  # fmt: skip
