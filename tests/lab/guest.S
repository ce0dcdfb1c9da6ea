# A guest without a kernel: a boot sector that dirties memory at a steady rate.
#
# as --32 --defsym PAGES=256 --defsym END=0x3f00000 --defsym FILL=0 --defsym COUNT=0 guest.S
# ld -m elf_i386 -Ttext 0x7c00 --oformat binary
# At each of 100 ticks a second it writes to PAGES pages between 2 MiB and END (bytes), going round.
# With PAGES=0 it halts for ever with interrupts off, so that it costs no processor time at all.
# With FILL=1 it first writes once to every page between 2 MiB and END, so that each is to be sent.
# With COUNT=1 (and PAGES) it counts in its memory, and at every tenth tick writes that to the second sector of its
# IDE disk, from which it goes on when it boots again: were an older memory image of it started on the same disk, what
# lies there would go back. Behind it, in 1,024 cycles of the processor's clock, are the longest time between two ticks
# since it last wrote, and the time now: a guest that stands still does not tick, and that clock goes on. At every tenth
# tick it also looks whether its power button was pressed, as `virsh shutdown` does, and turns itself off.

        .code16
        .text
        .globl _start
        .set START, 0x200000
        .set COUNTER, 0x7e00            # the sector behind this one in memory
        .set LONGEST, COUNTER + 4
        .set NOW, COUNTER + 8
        .set IDE, 0x1f0                 # the first IDE channel's ports
        .set POWER, 0x600               # where SeaBIOS puts PIIX4's power management

_start: cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x7c00, %sp
.if PAGES + FILL
.if PAGES
        movw    $tick, 8 * 4            # interrupt 8 is the timer's
        movw    %ax, 8 * 4 + 2
        mov     $0x34, %al              # counter 0, both bytes, rate generator
        out     %al, $0x43
        mov     $(11932 & 0xff), %al    # 1193182 Hz / 100
        out     %al, $0x40
        mov     $(11932 >> 8), %al
        out     %al, $0x40
        mov     $0xfe, %al              # no interrupt but the timer's
        out     %al, $0x21
        mov     $0xff, %al
        out     %al, $0xa1
.endif

        in      $0x92, %al              # address line 20, without which every odd MiB is hidden
        or      $2, %al
        and     $0xfe, %al
        out     %al, $0x92
        lgdt    table                   # "unreal mode": %fs keeps a limit of 4 GiB
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        mov     $8, %bx
        mov     %bx, %fs
        and     $0xfe, %al
        mov     %eax, %cr0

.if COUNT
        mov     $0x20, %al              # READ SECTORS: it goes on where it was before it was turned off
        call    disk
        mov     $COUNTER, %di
        rep insl
        movl    $0, NOW                 # no time has passed before the first tick
        mov     $0x100, %ax             # notice the power button
        mov     $POWER + 2, %dx
        out     %ax, %dx
.endif
        mov     $START, %edi
        mov     $4096, %esi
.if FILL
        mov     $0x5a5a5a5a, %edx
fill:   mov     %edx, %fs:(%edi)
        add     %esi, %edi
        cmp     $END, %edi
        jb      fill
        mov     $START, %edi
.endif
.if PAGES
        sti
wait:   hlt
.if COUNT
        call    clock
        call    count
.endif
        lea     PAGES * 4096(%edi), %eax
        cmp     $END, %eax
        jbe     ready
        mov     $START, %edi
ready:  inc     %edx                    # what is written differs each time
        mov     $PAGES, %ecx
touch:  mov     %edx, %fs:(%edi)        # few instructions, where KVM emulates each of them
        add     %esi, %edi
        loopl   touch
        jmp     wait
.else
halt:   hlt
        jmp     halt
.endif

tick:   push    %ax
        mov     $0x20, %al
        out     %al, $0x20
        pop     %ax
        iret

.if COUNT
clock:  pushl   %edx
        rdtsc
        shrd    $10, %edx, %eax
        movl    %eax, %edx
        xchgl   %eax, NOW
        testl   %eax, %eax
        jz      first
        subl    %eax, %edx
        cmpl    LONGEST, %edx
        jbe     first
        movl    %edx, LONGEST
first:  popl    %edx
        ret

count:  pushl   %edx
        pushl   %esi
        decb    beats
        jnz     done
        movb    $10, beats
        mov     $POWER, %dx
        in      %dx, %ax
        test    $0x100, %ax
        jz      write
        mov     $POWER + 4, %dx
        mov     $0x2000, %ax            # S5
        out     %ax, %dx
write:  mov     $IDE + 7, %dx
        in      %dx, %al
        test    $0x80, %al              # busy: what was written last is still on its way
        jnz     done
        incl    COUNTER
        mov     $0x30, %al              # WRITE SECTORS
        call    disk
        mov     $COUNTER, %si
        rep outsl
        movl    $0, LONGEST
done:   popl    %esi
        popl    %edx
        ret

disk:   push    %ax                     # begins the command %al on the second sector, up to where data can pass
        mov     $task, %si
        mov     $IDE + 2, %dx
        mov     $5, %cx
give:   outsb
        inc     %dx
        loop    give
        pop     %ax
        out     %al, %dx
drq:    in      %dx, %al
        and     $0x88, %al              # no longer busy, and asking for data
        cmp     $8, %al
        jne     drq
        mov     $IDE, %dx
        mov     $128, %cx               # 32 bits at once: each is an exit to QEMU
        ret
task:   .byte   1, 1, 0, 0, 0xe0        # one sector, at address 1
beats:  .byte   10
.endif

        .balign 8
descriptors:
        .quad   0
        .quad   0x00cf92000000ffff      # data, base 0, limit 4 GiB
table:  .word   . - descriptors - 1
        .long   descriptors
.else
halt:   hlt
        jmp     halt
.endif
        .org    510
        .word   0xaa55
