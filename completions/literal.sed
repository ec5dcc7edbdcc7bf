# SPDX-License-Identifier: MIT
# Each line as a string literal of C.
s/[\"]/\\&/g
s/.*/"&\\n"/
