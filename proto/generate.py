"""Generates proto/gen (Python modules with typed stubs) and the image that buf checks, from proto/experimentation.

Usage: python proto/generate.py [--check] [--image FILE]
"""

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc
from protobuf.wkt.google.protobuf.descriptor_pb import FileDescriptorSet
from protovalidate._gen.buf.validate import validate_pb

PROTO = Path(__file__).resolve().parent
GENERATED = PROTO / "gen"
SOURCES = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("experimentation/**/*.proto"))
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


def check() -> None:
    """Exits with 1 unless proto/gen is what the sources say."""
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


if __name__ == "__main__":
    main()
