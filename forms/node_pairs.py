"""Which nodes of two versions of a form are the same, though their paths may differ. Pure.

By path first; then groups and repeats that kept most of what is in them; then questions, as moved (same name and kind
elsewhere) or renamed (same kind and words under another name). A key shared by two nodes of a version pairs neither.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from forms.meaning import same_words
from forms.outline import Node, Outline

Key = tuple[str, ...]
# A container kept more than this share of what is in the larger of the two.
MOST = 0.5


def node_pairs(old: Outline, new: Outline) -> dict[str, str]:
    """New path → old path of every node that is in both."""
    pairs = {path: path for path in new.nodes if path in old.nodes}
    gone = [node for path, node in old.nodes.items() if path not in new.nodes]
    came = [node for path, node in new.nodes.items() if path not in old.nodes]
    for theirs, ours in _containers(old, new, gone, came):
        pairs[ours.path] = theirs.path
        for path in new.nodes:
            before = theirs.path + path.removeprefix(ours.path)
            if path.startswith(f"{ours.path}/") and path not in pairs and before in old.nodes:
                pairs[path] = before
    for key in (_by_name, _by_words_here, _by_words):
        taken = set(pairs.values())
        left = [node for node in gone if node.path not in taken and not node.is_container]
        right = [node for node in came if node.path not in pairs and not node.is_container]
        pairs |= _one_to_one(left, right, key)
    return pairs


def _containers(old: Outline, new: Outline, gone: Sequence[Node], came: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Groups and repeats that are the same under another path: most of what was in one is in the other."""
    taken: set[str] = set()
    for ours in (node for node in came if node.is_container):
        inside = _inside(new, ours)
        best, most = None, MOST
        for theirs in (node for node in gone if node.kind == ours.kind and node.path not in taken):
            names = _inside(old, theirs)
            share = len(names & inside) / max(len(names), len(inside), 1)
            if share > most:
                best, most = theirs, share
        if best is not None:
            taken.add(best.path)
            yield best, ours


def _inside(outline: Outline, container: Node) -> set[str]:
    start = f"{container.path}/"
    return {path.removeprefix(start) for path in outline.nodes if path.startswith(start)}


def _by_name(node: Node) -> Key | None:
    return (node.kind, node.name)


def _by_words_here(node: Node) -> Key | None:
    words = _words(node)
    return (node.kind, node.parent, words) if words else None


def _by_words(node: Node) -> Key | None:
    words = _words(node)
    return (node.kind, words) if words else None


def _words(node: Node) -> str:
    """What makes a node itself apart from its name: its label, or what it is worked out from."""
    texts = same_words(node.label)
    return texts or (node.logic.get("calculation", "") if node.kind == "calculate" else "")


def _one_to_one(gone: Iterable[Node], came: Iterable[Node], key: Callable[[Node], Key | None]) -> dict[str, str]:
    """Pairs whose key is nobody else's on either side."""
    left, right = _unique(gone, key), _unique(came, key)
    return {node.path: left[name].path for name, node in right.items() if name in left}


def _unique(nodes: Iterable[Node], key: Callable[[Node], Key | None]) -> dict[Key, Node]:
    found: dict[Key, list[Node]] = {}
    for node in nodes:
        name = key(node)
        if name is not None:
            found.setdefault(name, []).append(node)
    return {name: each[0] for name, each in found.items() if len(each) == 1}
