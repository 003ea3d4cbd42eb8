"""The commands of experiments."""

from services.admin.commands.experiment import files, lifecycle, reading
from services.admin.commands.group import command_group

app = command_group("Creates, shows and changes experiments.")
for _part in (reading, files, lifecycle):
    _part.add_to(app)
