"""Generates proto/gen (Python modules with typed stubs), comments, and the image that buf checks.

Usage: python proto/generate.py [--check] [--image FILE]
"""

import argparse
import filecmp
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from grpc_tools import protoc
from protobuf.wkt.google.protobuf.descriptor_pb import FileDescriptorSet
from protovalidate._gen.buf.validate import validate_pb

PROTO = Path(__file__).resolve().parent
GENERATED = PROTO / "gen"
# Generated modules have no comments; the OpenAPI document is made of them.
COMMENTS = PROTO.parent / "services" / "gateway" / "rest" / "openapi" / "comments.json"
SOURCES = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("experimentation/**/*.proto"))
_PLACES = {
    ("FileDescriptorProto", 4): "message_type",
    ("FileDescriptorProto", 5): "enum_type",
    ("FileDescriptorProto", 6): "service",
    ("DescriptorProto", 2): "field",
    ("DescriptorProto", 8): "oneof_decl",
    ("EnumDescriptorProto", 2): "value",
    ("ServiceDescriptorProto", 2): "method",
}
SERVICES = [source for source in SOURCES if source.endswith("_service.proto")]


def _validate_descriptors() -> bytes:
    """Returns the descriptors of buf/validate/validate.proto and its imports, as the protovalidate wheel has them."""
    validate = validate_pb.desc()
    return FileDescriptorSet(file=[validate.proto, *(file.proto for file in validate.dependencies)]).to_binary()


def _protoc(*arguments: str) -> None:
    with tempfile.NamedTemporaryFile(suffix=".binpb") as descriptors:
        descriptors.write(_validate_descriptors())
        descriptors.flush()
        includes = [f"-I{PROTO}", f"-I{files('grpc_tools') / '_proto'}", f"--descriptor_set_in={descriptors.name}"]
        if protoc.main(["protoc", *includes, *arguments]) != 0:
            sys.exit(1)


def generate(target: Path) -> None:
    """Writes the Python modules below target."""
    target.mkdir(parents=True, exist_ok=True)
    _protoc(f"--python_out={target}", f"--mypy_out=quiet:{target}", *SOURCES, "buf/validate/validate.proto")
    _protoc(f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}", *SERVICES)
    (target / "experimentation" / "py.typed").touch()


def write_image(image: Path) -> None:
    """Writes a self-contained descriptor set with comments, which buf lints and compares."""
    _protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={image}", *SOURCES)


def comments() -> str:
    """Returns the comments of services, methods, messages, fields, enums and their values, as JSON by full name."""
    with tempfile.NamedTemporaryFile(suffix=".binpb") as image:
        write_image(Path(image.name))
        files = descriptor_pb2.FileDescriptorSet.FromString(image.read()).file
    found = {
        name: " ".join(location.leading_comments.split())
        for file in files
        if file.name in SOURCES
        for location in file.source_code_info.location
        if location.leading_comments and (name := _name_of(file, location.path))
    }
    return json.dumps(dict(sorted(found.items())), indent=0, ensure_ascii=False) + "\n"


def _name_of(file: descriptor_pb2.FileDescriptorProto, path: Sequence[int]) -> str:
    """Returns the full name of what is at the path of a descriptor; empty: nothing that is named."""
    found: Any = file
    names = [file.package]
    # The numbers of descriptor.proto: of a file's messages, enums and services, and of what each of them holds.
    for number, index in zip(path[::2], path[1::2], strict=False):
        place = _PLACES.get((found.DESCRIPTOR.name, number))
        if place is None:
            return ""
        found = getattr(found, place)[index]
        names.append(found.name)
    return ".".join(names) if len(names) > 1 and len(path) % 2 == 0 else ""


def check() -> None:
    """Exits with 1 unless proto/gen and the comments are what the sources say."""
    if COMMENTS.read_text(encoding="utf-8") != comments():
        sys.exit(f"{COMMENTS} is not what the .proto files say (run make gen)")
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory)
        generate(fresh)
        names = sorted(str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file())
        stale = filecmp.cmpfiles(fresh, GENERATED, names, shallow=False)
    if stale[1] or stale[2]:
        sys.exit(f"proto/gen is not what the .proto files say (run make gen): {', '.join(stale[1] + stale[2])}")


def main() -> None:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare with what is committed")
    parser.add_argument("--image", type=Path, help="only write the image for buf")
    arguments = parser.parse_args()
    if arguments.image:
        write_image(arguments.image)
    elif arguments.check:
        check()
    else:
        shutil.rmtree(GENERATED, ignore_errors=True)
        generate(GENERATED)
        COMMENTS.write_text(comments(), encoding="utf-8")


if __name__ == "__main__":
    main()
