"""The commands of change requests."""

from services.admin.commands.group import command_group
from services.admin.commands.review import applying, editing, reading, verdicts

app = command_group("Shows, judges and applies change requests.")
for _part in (reading, verdicts, applying, editing):
    _part.add_to(app)
