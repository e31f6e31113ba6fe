"""Words around a name that are not the name."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    """hadj elhadj elhadji elhaj alhaji alhadji alhaj alh hadj haj hadja hajia hadjia hadjiya hajiya hajja adja feu feue veuve vve veuf
    mr mme mlle m madame monsieur mademoiselle dr docteur pr prof professeur mallam malam imam maitre mtre sgt sergent cdt commandant
    col colonel gal general lt lieutenant cpt capitaine adjt adjudant honorable hon mrs miss sir"""
)
# Between names; what a woman was born or is married as, or a nickname, may be left out on the other paper.
ASIDES = _words("nee ne epouse epse ep dit dite alias surnomme surnommee")
SONS = _words("ag ould wuld ben bin ibn oul fils")
DAUGHTERS = _words("walet wallet mint bint bent fille welet")
LINKS = _words("de du la le des")
# Written apart or together: Abdoul Karim, El Hadj, Al Hassane.
FIRST_HALVES = _words("abd abdoul abdul abdel abdour abdur abdoull abder al el")
# N Diaye, M Baye: before which letters a single one belongs to the next word.
PRENASAL = {"n": "dgjktz", "m": "bp"}
