"""Which language a file is in, by its name or first line, and how that language writes comments. Data and two look-ups.

Names and groupings are those that cloc 1.96 prints, so that counts can be compared. Does not know how lines are counted.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Style(StrEnum):
    """How comments are written; `builtin.counting` has one function for each."""

    NONE = "none"
    C = "c"
    BLOCK = "block"
    HASH = "hash"
    PYTHON = "python"
    DOCSTRING = "docstring"
    HTML = "html"
    VUE = "vue"
    MARKDOWN = "markdown"
    RST = "rst"
    SQL = "sql"
    RUBY = "ruby"
    PERL = "perl"
    LUA = "lua"
    HASKELL = "haskell"
    POWERSHELL = "powershell"
    SEMICOLON = "semicolon"
    PERCENT = "percent"
    SLASHES = "slashes"
    BATCH = "batch"
    PROPERTIES = "properties"
    HASH_BLOCK = "hash-block"
    HANDLEBARS = "handlebars"
    JINJA = "jinja"
    EJS = "ejs"
    NOTEBOOK = "notebook"
    DIFF = "diff"
    ASCIIDOC = "asciidoc"


#: language: comment style, then the suffixes of its files
_LANGUAGES: dict[str, tuple[Style, str]] = {
    "AsciiDoc": (Style.ASCIIDOC, "adoc asciidoc"),
    "Assembly": (Style.SEMICOLON, "asm s"),
    "Astro": (Style.HTML, "astro"),
    "Bourne Again Shell": (Style.HASH, "bash"),
    "Bourne Shell": (Style.HASH, "sh"),
    "C": (Style.C, "c"),
    "C#": (Style.C, "cs"),
    "C++": (Style.C, "cc cpp cxx c++ ino"),
    "C/C++ Header": (Style.C, "h hh hpp hxx"),
    "CMake": (Style.HASH, "cmake"),
    "CSS": (Style.BLOCK, "css pcss"),
    "CSV": (Style.NONE, "csv"),
    "CUDA": (Style.C, "cu cuh"),
    "Cairo": (Style.C, "cairo"),
    "Clojure": (Style.SEMICOLON, "clj cljc cljs edn"),
    "Cython": (Style.DOCSTRING, "pyx pxd pxi"),
    "DOS Batch": (Style.BATCH, "bat cmd"),
    "Dart": (Style.C, "dart"),
    "Dockerfile": (Style.HASH, "dockerfile"),
    "EJS": (Style.EJS, "ejs"),
    "Elixir": (Style.HASH, "ex exs"),
    "Erlang": (Style.PERCENT, "erl hrl"),
    "Fish Shell": (Style.HASH, "fish"),
    "Go": (Style.C, "go"),
    "Gradle": (Style.C, "gradle"),
    "GraphQL": (Style.DOCSTRING, "graphql gql"),
    "Groovy": (Style.C, "groovy"),
    "HCL": (Style.HASH_BLOCK, "tf hcl tfvars"),
    "HTML": (Style.HTML, "html htm"),
    "Handlebars": (Style.HANDLEBARS, "hbs handlebars"),
    "Haskell": (Style.HASKELL, "hs"),
    "INI": (Style.SEMICOLON, "ini"),
    "JSON": (Style.NONE, "json jsonc geojson"),
    "JSON5": (Style.C, "json5"),
    "JSX": (Style.C, "jsx"),
    "Java": (Style.C, "java"),
    "JavaScript": (Style.C, "js cjs mjs es6"),
    "Jinja Template": (Style.JINJA, "jinja jinja2 j2"),
    "Jupyter Notebook": (Style.NOTEBOOK, "ipynb"),
    "Kotlin": (Style.C, "kt kts"),
    "LESS": (Style.C, "less"),
    "Lua": (Style.LUA, "lua"),
    "Markdown": (Style.MARKDOWN, "md mdx markdown"),
    "Nix": (Style.HASH_BLOCK, "nix"),
    "OCaml": (Style.NONE, "ml mli"),
    "Objective-C": (Style.C, "m mm"),
    "PHP": (Style.C, "php"),
    "Perl": (Style.PERL, "pl pm"),
    "PowerShell": (Style.POWERSHELL, "ps1 psm1 psd1"),
    "Properties": (Style.PROPERTIES, "properties"),
    "Protocol Buffers": (Style.C, "proto"),
    "Pug": (Style.SLASHES, "pug jade"),
    "Python": (Style.PYTHON, "py pyi pyw"),
    "R": (Style.HASH, "r"),
    "Ruby": (Style.RUBY, "rb rake gemspec"),
    "Rust": (Style.C, "rs"),
    "SCSS": (Style.C, "scss sss"),
    "SQL": (Style.SQL, "sql"),
    "SVG": (Style.HTML, "svg"),
    "Sass": (Style.C, "sass"),
    "Scala": (Style.C, "scala sc"),
    "Solidity": (Style.C, "sol"),
    "Starlark": (Style.DOCSTRING, "bzl star"),
    "Stylus": (Style.C, "styl"),
    "Svelte": (Style.HTML, "svelte"),
    "Swift": (Style.C, "swift"),
    "TOML": (Style.HASH, "toml"),
    "TeX": (Style.PERCENT, "tex sty cls"),
    "Text": (Style.NONE, "txt text"),
    "TypeScript": (Style.C, "ts tsx mts cts"),
    "Vuejs Component": (Style.VUE, "vue"),
    "Vyper": (Style.DOCSTRING, "vy"),
    "XML": (Style.HTML, "xml plist"),
    "XSD": (Style.HTML, "xsd"),
    "XSLT": (Style.HTML, "xsl xslt"),
    "YAML": (Style.HASH, "yaml yml"),
    "Zig": (Style.SLASHES, "zig"),
    "awk": (Style.HASH, "awk"),
    "diff": (Style.DIFF, "diff patch"),
    "make": (Style.HASH, "mk mak am"),
    "reStructuredText": (Style.RST, "rst"),
    "zsh": (Style.HASH, "zsh"),
}
_BY_SUFFIX = {suffix: language for language, (_, suffixes) in _LANGUAGES.items() for suffix in suffixes.split()}
_BY_NAME = {"makefile": "make", "gnumakefile": "make", "dockerfile": "Dockerfile", "containerfile": "Dockerfile", "cmakelists.txt": "CMake",
            "rakefile": "Ruby", "gemfile": "Ruby", "build.bazel": "Starlark", "vagrantfile": "Ruby", "jenkinsfile": "Groovy", "wscript": "Python",
            "go.mod": "Go"}
_BY_PROGRAM = {"sh": "Bourne Shell", "dash": "Bourne Shell", "ash": "Bourne Shell", "bash": "Bourne Again Shell", "zsh": "zsh", "fish": "Fish Shell",
               "python": "Python", "node": "JavaScript", "nodejs": "JavaScript", "deno": "TypeScript", "bun": "JavaScript", "perl": "Perl",
               "ruby": "Ruby", "php": "PHP", "lua": "Lua", "make": "make"}
_SHEBANG = re.compile(rb"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*)?(?:\S*/)?([A-Za-z]+)")


def language_of(path: str) -> str | None:
    """The language that the name of a file tells, or None."""
    name = path.rsplit("/", 1)[-1].lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rsplit(".", 1)[-1] if "." in name[1:] else "")


def language_of_script(first_bytes: bytes) -> str | None:
    """The language of a file without suffix, by its `#!` line, or None."""
    match = _SHEBANG.match(first_bytes)
    return _BY_PROGRAM.get(match[1].decode().lower()) if match else None


def style_of(language: str) -> Style:
    """How the language writes comments."""
    return _LANGUAGES[language][0]
