(* The syntax of libvirt's configuration files, with any key: what virConf (src/util/virconf.c) reads.

   The lenses that libvirt's packages bring know only the options of their own release, and one unknown option makes
   the whole file unreadable to them. This one takes every option, keeps comments, blanks and order, and gives back
   byte for byte what it read. A value is kept as it is written, quotes and brackets too.

   Not read, though virConf would: lists within lists, and a carriage return alone as the end of a line. *)

module Preflight_conf =

let indent = del /[ \t]*/ ""
let eol = del /\r*\n/ "\n"

let int_re = /[+-]?[0-9]+/
let double_re = /"[^"\r\n]*"/
let single_re = /'[^'\r\n]*'/
let triple_re = /"""([^"]|"[^"]|""[^"])*"""/
let scalar_re = int_re | double_re | single_re | triple_re
let space_re = /[ \t\r\n]*/
let list_re = /\[/ . space_re .
              (scalar_re . space_re . (/,/ . space_re . scalar_re . space_re)* . (/,/ . space_re)?)? .
              /\]/

let empty = [ del /[ \t\r]*\n/ "\n" ]

let remark = [ label "#comment" . del "#" "#" . store /[^\r\n]*/ ] . eol
let comment = indent . remark

let entry = [ indent . key /[A-Za-z][A-Za-z0-9_]*/ . del /[ \t]*=[ \t]*/ " = " . store (scalar_re | list_re) .
              (del /[ \t\r]*\n|[ \t]*;/ "\n" | indent . remark) ]

let lns = (empty | comment | entry)*
