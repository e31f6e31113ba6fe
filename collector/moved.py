"""Where the metadata, XML and files of a later version are, for whoever asks with its id instead of its submission's."""

from urllib.parse import quote, unquote

from accounts.errors import not_found
from accounts.signed_in import raw_target

# What JavaScript's encodeURIComponent leaves as it is.
PLAIN = "-_.!~*'()"


def moved_to(instance_id: str, root_id: str) -> str:
    """The address of this request with `submissions/<root>/versions/<version>` in place of `submissions/<version>`."""
    path, question, query = raw_target().partition("?")
    parts = path.split("/")
    for place in range(len(parts) - 1):
        following = unquote(parts[place + 1])
        if parts[place] == "submissions" and instance_id in (following, following.removesuffix(".xml")):
            parts[place + 1 : place + 1] = [quote(root_id, safe=PLAIN), "versions"]
            return "/".join(parts) + question + query
    raise not_found()
