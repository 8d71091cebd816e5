#!/bin/sh
# The kernels of an instruction set define no function that the linker could merge with another one's: code for a
# processor that has it would then run on one that has not. Mark such a function RECURRA_INLINE, or move it into a
# source that is compiled once.
#
# usage: symbols.sh INSTRUCTION_SET NM OBJECT...
set_name=$1
nm=$2
shift 2
shared=$("$nm" --demangle --defined-only "$@" | grep ' W ' | grep -v "recurra::$set_name::")
[ -z "$shared" ] && exit 0
echo "kernels for $set_name define functions that other code may be linked to:"
echo "$shared"
exit 1
