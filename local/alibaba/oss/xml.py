"""Small XML writer and reader; OSS documents are flat enough for both."""

from __future__ import annotations

from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from local.alibaba.http.errors import OssError

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def text(name: str, value: object) -> str:
    """An element with text."""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(shown)}</{name}>"


def group(name: str, *children: str) -> str:
    """An element with elements."""
    return f"<{name}>{''.join(children)}</{name}>"


def document(root: str) -> bytes:
    return (DECLARATION + root).encode()


def key_text(name: str, key: str, encoding: str) -> str:
    """A key, percent-encoded when the client asked for encoding-type=url."""
    return text(name, quote(key, safe="/-_.~") if encoding == "url" else key)


def parse(body: bytes, root: str) -> ElementTree.Element:
    """Read a request document without its namespace; MalformedXML when it is not one with this root."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise OssError(400, "MalformedXML", "Document types are not allowed.")
    try:
        tree = ElementTree.fromstring(body)  # noqa: S314 - no document types, checked above; expat limits the rest
    except ElementTree.ParseError:
        raise OssError(400, "MalformedXML", "The XML you provided was not well-formed.") from None
    for node in tree.iter():
        node.tag = node.tag.rpartition("}")[2]
    if tree.tag != root:
        raise OssError(400, "MalformedXML", f"The root element {root} is needed.")
    return tree


def kept(text: str) -> ElementTree.Element:
    """A document of ours, read again."""
    return ElementTree.fromstring(text)  # noqa: S314 - it went through parse when it came in


def canonical(tree: ElementTree.Element) -> str:
    """The document as it is kept and given back: no declaration, no indentation."""
    for node in tree.iter():
        node.tail = None
        if len(node) and not (node.text or "").strip():
            node.text = None
    return ElementTree.tostring(tree, encoding="unicode")
