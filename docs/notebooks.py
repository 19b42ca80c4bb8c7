"""Notebooks: run with their outputs kept, and shown as pages of the site.

python docs/notebooks.py FILE [OUTPUT]    run FILE's cells, top to bottom, in an empty folder;
                                          write the notebook with its outputs to OUTPUT, or FILE

mkdocs runs the rest of this file as a hook: `guide/a.ipynb` becomes the page `guide/a.md`.
"""

import ast
import base64
import contextlib
import copy
import io
import json
import re
import sys
import tempfile
from pathlib import Path

# -- run: no kernel, so no socket, no installed kernel to find, and no package but our own


def run(notebook):
    """The notebook with the outputs of its cells, run in this process and folder.

    A cell shows what it prints, then the value of its last line, as Jupyter does.
    """
    notebook, names = copy.deepcopy(notebook), {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(cells, start=1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            value = _last_value("".join(cell["source"]), names, f"<cell {count}>")
        cell["execution_count"], cell["outputs"] = count, []
        if text := printed.getvalue():
            stream = {"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}
            cell["outputs"].append(stream)
        if value is not None:
            shown = {"output_type": "execute_result", "execution_count": count, "metadata": {}}
            cell["outputs"].append(shown | {"data": _shown(value)})
    return notebook


def _last_value(source, names, title):
    """Run a cell; the value of its last line, None where that is a statement."""
    body = ast.parse(source).body
    last = body.pop().value if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), title, "exec"), names)  # noqa: S102 - our own cells
    if last is None:
        return None
    return eval(compile(ast.Expression(last), title, "eval"), names)  # noqa: S307


def _shown(value):
    data = {"text/plain": repr(value).splitlines(True)}
    if hasattr(value, "_repr_png_"):
        data["image/png"] = base64.b64encode(value._repr_png_()).decode()
    return data


def main():
    file = Path(sys.argv[1]).resolve()
    output = Path(sys.argv[2] if len(sys.argv) > 2 else file).resolve()
    notebook = json.loads(file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        notebook = run(notebook)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    output.write_text(text, encoding="utf-8", newline="\n")


# -- pages


def on_files(files, config):
    """Add a page for every notebook, and files for its pictures."""
    from mkdocs.structure.files import File

    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        stem = file.src_uri.removesuffix(".ipynb")
        text, pictures = page(json.loads(file.content_string), Path(stem).name)
        files.append(File.generated(config, f"{stem}.md", content=text))
        for name, content in pictures.items():
            uri = f"{Path(stem).parent.as_posix()}/{name}"
            files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links to a notebook, which other viewers follow, lead to its page."""
    return re.sub(r"(\]\([^):]+)\.ipynb\)", r"\1.md)", markdown)


def page(notebook, stem):
    """The notebook as Markdown, and its pictures by file name."""
    parts, pictures = [], {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {"text/plain": output.get("text")})
            if "image/png" in data:
                name = f"{stem}-{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode(data["image/png"])
                parts.append(f"![What the cell above drew]({name})")
            else:
                parts.append(f"```text\n{''.join(data['text/plain']).rstrip()}\n```")
    # Raw HTML, since a link in Markdown would lead to the page itself.
    parts.append(f'<a href="../{stem}.ipynb" download>This page as a notebook</a>')
    return "\n\n".join(parts) + "\n", pictures


if __name__ == "__main__":
    main()
