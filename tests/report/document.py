"""A strict reader of HTML: every element that begins must end in its place."""

from html.parser import HTMLParser

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


class Document(HTMLParser):
    """The texts, attributes and ids of a page; raises where elements are not nested properly."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.tags = []
        self.texts = []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"an attribute twice in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert "svg" in self.open or tag in VOID, f"<{tag}/> is no void element"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a beginning"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        """All text, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def attributes(self, name):
        """The values of an attribute wherever it is."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def count(self, tag):
        """How many elements of a kind there are."""
        return sum(one == tag for one, _ in self.tags)
