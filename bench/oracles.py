"""What splink and recordlinkage make of the same records, set up as their own guides advise and with care. Needs bench/README.md's packages.

splink gets what it has for each field: its comparison of given name and surname together (which knows of exchanged ones), frequencies of
terms, several blocking rules, chance from random sampling, the rest by expectation maximisation, no labels.
"""

import itertools
from dataclasses import dataclass
from typing import Any

from bench.people.sahel import Records


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs (i, j), i < j, with a probability; `expected` is how many duplicates the program believes there are."""

    pairs: dict[tuple[int, int], float]
    expected: float


def splink(records: Records, roles: dict[str, str], halves: int = 0) -> Scored:
    """splink 5 on DuckDB. `halves`: link records before this number to those after it instead of finding duplicates among all."""
    import pandas
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    rows = [_columns(number, row, roles) for number, row in enumerate(records.rows)]
    frame = pandas.DataFrame(rows)
    columns = [name for name in frame.columns if name != "unique_id"]
    rules = [block_on(*rule) for rule in _blocking(columns)]
    settings = SettingsCreator(
        link_type="link_only" if halves else "dedupe_only",
        comparisons=_comparisons(columns),
        blocking_rules_to_generate_predictions=rules,
        probability_two_random_records_match=1e-5,
    )
    api = DuckDBAPI()
    frames = [frame[:halves], frame[halves:]] if halves else [frame]
    tables = [api.register(each, table_name=name) for each, name in zip(frames, ("one", "other"), strict=False)]
    linker = Linker(tables if halves else tables[0], settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in _certain(columns)], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in _training(columns):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    pairs = {
        (min(one, other), max(one, other)): float(chance)
        for one, other, chance in zip(
            found["unique_id_l"], found["unique_id_r"], found["match_probability"], strict=True
        )
    }
    return Scored(pairs, sum(pairs.values()))


def _columns(number: int, row: dict[str, str], roles: dict[str, str]) -> dict[str, Any]:
    words = " ".join(row[path] for path, role in roles.items() if role == "name").lower().split()
    columns: dict[str, Any] = {"unique_id": number}
    if "given_name" in row:
        columns["first"], columns["last"] = row["given_name"] or None, row["surname"] or None
    elif words:
        columns["first"], columns["last"] = words[0], words[-1] if len(words) > 1 else None
    if columns.get("first") and columns.get("last"):
        columns["full_name"] = f"{columns['first']} {columns['last']}"
    else:
        columns["full_name"] = None
    for path, role in roles.items():
        if role != "name":
            value: Any = row[path].strip().lower() or None
            columns[path] = (int(value) if value and value.isdigit() else None) if role == "age" else value
    return columns


def _comparisons(columns: list[str]) -> list[Any]:
    import splink.comparison_library as cl

    made: list[Any] = []
    if "first" in columns:
        made.append(
            cl.ForenameSurnameComparison(
                "first", "last", jaro_winkler_thresholds=[0.92, 0.8], forename_surname_concat_col_name="full_name"
            )
        )
    for column in columns:
        if column in ("first", "last", "full_name"):
            continue
        if column == "age":
            made.append(_age())
        elif column == "sex":
            made.append(cl.ExactMatch("sex"))
        elif column in ("phone", "ssn", "birth"):
            made.append(cl.DamerauLevenshteinAtThresholds(column, [1, 2]).configure(term_frequency_adjustments=True))
        else:
            made.append(cl.JaroWinklerAtThresholds(column, [0.92, 0.8]).configure(term_frequency_adjustments=True))
    return made


def _age() -> Any:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    return cl.CustomComparison(
        output_column_name="age",
        comparison_levels=[
            cll.NullLevel("age"),
            cll.ExactMatchLevel("age"),
            *(cll.AbsoluteDifferenceLevel("age", apart) for apart in (2, 5, 10)),
            cll.ElseLevel(),
        ],
    )


def _blocking(columns: list[str]) -> list[list[str]]:
    """Pairs that agree on these are compared."""
    single: list[list[str]] = [[each] for each in ("phone", "ssn", "birth") if each in columns]
    places: list[str] = [each for each in ("village", "suburb", "postcode", "address") if each in columns]
    names = (
        [["first", "last"], ["substr(first,1,3)", "substr(last,1,3)"]]
        if "phone" not in columns
        else [["first", "last"]]
    )
    near = [[name, place] for name, place in itertools.product(("first", "last"), places)]
    both = [list(each) for each in itertools.combinations(places, 2)]
    aged = [[place, "age", "substr(first,1,1)"] for place in places if "age" in columns and place != "address"]
    aged += [[place, "age", "substr(last,1,1)"] for place in places if "age" in columns and place != "address"]
    named = [[name, "age"] for name in ("first", "last") if "age" in columns and "postcode" in columns]
    return [*single, *names, *near, *both, *aged, *named]


def _certain(columns: list[str]) -> list[list[str]]:
    """Rules so strict that what they find is true."""
    if "ssn" in columns:
        return [["ssn"], ["first", "last", "birth"]]
    if "phone" in columns:
        return [["phone", "first"], ["first", "last", "village", "age"]]
    if "birth" in columns:
        return [["first", "last", "birth"]]
    if "suburb" in columns:
        return [["first", "last", "suburb", "postcode"], ["first", "last", "postcode", "age"]]
    return [["first", "last", "address"], ["first", "last", "age"]]


def _training(columns: list[str]) -> list[list[str]]:
    if "ssn" in columns:
        return [["ssn"], ["first", "last"], ["birth"]]
    if "phone" in columns:
        return [["phone"], ["first", "last", "village"]]
    if "suburb" in columns:
        return [["first", "last"], ["suburb", "postcode"]]
    return [["first", "last"], ["address", "age"] if "age" in columns else ["birth"]]


def recordlinkage_ecm(records: Records, roles: dict[str, str], halves: int = 0) -> Scored:
    """recordlinkage's expectation maximisation on agreement of all fields, with several blocks; its own probabilities."""
    import pandas
    import recordlinkage

    frame = pandas.DataFrame([_columns(number, row, roles) for number, row in enumerate(records.rows)])
    frame = frame.set_index("unique_id").drop(columns=["full_name"])
    frame["age"] = frame["age"].astype(str) if "age" in frame else ""
    columns = [column for column in frame.columns if frame[column].astype(bool).any()]
    indexer = recordlinkage.Index()
    for rule in _blocking(columns):
        plain = [column for column in rule if "(" not in column]
        if len(plain) == len(rule):
            indexer.block(plain)
    pairs = indexer.index(*([frame[:halves], frame[halves:]] if halves else [frame]))
    comparer = recordlinkage.Compare()
    for column in columns:
        if column in ("age", "sex"):
            comparer.exact(column, column, label=column)
        else:
            comparer.string(column, column, method="jarowinkler", threshold=0.85, label=column)
    compared = comparer.compute(pairs, *([frame[:halves], frame[halves:]] if halves else [frame]))
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(compared)
    chances = classifier.prob(compared)
    found = {(min(pair), max(pair)): float(chance) for pair, chance in chances.items() if chance >= 0.01}
    return Scored(found, sum(found.values()))
