"""The command that deploys a stack again, to print; without Pulumi, like everything that `modelops` gives."""

from modelops import rehearsal

up = rehearsal.up
