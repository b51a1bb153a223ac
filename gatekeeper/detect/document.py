"""A detection as the JSON document that `gatekeeper detect --json` prints (schema 1)."""

from __future__ import annotations

from gatekeeper.model.component import Component, Detection

SCHEMA = 1
#: entries of the catalogue that are the package managers themselves, said by `package_manager` and `test` already
_MANAGERS = frozenset({"cargo", "npm", "pip", "script"})


def to_json(detection: Detection) -> dict[str, object]:
    """The document, ready for `json.dumps`; keys are those of the contract, `traits`, `scripts` and `requires` stand behind."""
    return {
        "schema": SCHEMA,
        "root": detection.root,
        "components": [component_json(component) for component in detection.components],
        "excluded": [{"root": item.root, "reason": item.reason} for item in detection.excluded],
        "problems": [{"file": item.file, "line": item.line, "message": item.message} for item in detection.problems],
    }


def component_json(component: Component) -> dict[str, object]:
    """One component as in the contract."""
    test = component.test
    return {
        "id": component.id,
        "root": component.root,
        "language": str(component.language),
        "kind": str(component.kind),
        "name": component.name,
        "manifest": component.manifest,
        "workspace_root": component.workspace_root,
        "package_manager": component.package_manager,
        "lockfile": component.lockfile,
        "build_backend": component.build_backend,
        "toolchain_pin": component.toolchain_pin,
        "depends_on": list(component.depends_on),
        "tools": [{"tool": use.tool, "config": use.config, "status": str(use.status), "evidence": use.evidence, "invocation": list(use.invocation)}
                  for use in component.tools if use.tool not in _MANAGERS],
        "test": {"command": test.command, "evidence": test.evidence} if test else None,
        "reasons": list(component.reasons),
        "scripts": dict(component.scripts),
        "requires": list(component.requires),
        "traits": list(component.traits),
    }
