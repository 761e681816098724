#!/bin/sh
# slim_openblas.sh <libopenblas.a> <object file to make> <instruction set>=<core>...
#
# Takes from OpenBLAS what kernel/blas calls of BLAS and LAPACK, for a few kinds of processors, and none of its threads,
# its memory or its own choice of a kind. The result is one object file, a hundredth of the archive.
# kernel/blas/openblas.cpp has the rest. For each pair it defines
#   fewpoints_blas_<set>        the table of the kernels for that kind of processor
#   fewpoints_blas_init_<set>   the function that fills in the sizes of its blocks
# The archive must be built for all kinds at once (DYNAMIC_ARCH), as Debian's and Ubuntu's are. Each kind then has a
# table of all its kernels in setparam_<core>.o. The entries for other types of numbers lead to a trap, and so do calls
# that would start threads. The linker then takes no file of the archive for them.
#
# Both paths are absolute. Environment: CC, AR, NM, OBJCOPY, LD.
set -eu
archive=$1
result=$2
shift 2
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"

CALLED='dsyrk_ dtpqrt_ openblas_get_config'
KERNELS='^d(gemm_|trmm_|gemv_|ger_k|(copy|scal|axpy|dot|nrm2)_k)' # what these call
# What openblas.cpp defines, and what the C library has.
OWN='gotoblas blas_cpu_number blas_memory_alloc blas_memory_free gotoblas_corename openblas_get_parallel'
LIBC='mem[a-z]*|__mem[a-z]*_chk|str[a-z]*|__str[a-z]*_chk|__s[a-z]*printf_chk|s[a-z]*printf|__stack_chk_(fail|guard)|__assert_fail|_GLOBAL_OFFSET_TABLE_|sqrt|fabs'

keep=$(echo "$CALLED" | sed 's/[^ ]*/-u &/g')
sets=''
for pair in "$@"; do
  isa=${pair%%=*}
  core=${pair#*=}
  "$AR" x "$archive" "setparam_$core.o"
  "$OBJCOPY" --redefine-sym "init_parameter=fewpoints_blas_init_$isa" \
    --globalize-symbol "fewpoints_blas_init_$isa" --redefine-sym "gotoblas_$core=fewpoints_blas_$isa" "setparam_$core.o"
  sets="$sets fewpoints_blas_$isa fewpoints_blas_init_$isa"
done

"$NM" -A -g --defined-only "$archive" 2>/dev/null | sed 's/^.*:\([^:]*\.o\):[^ ]* . /\1 /' >defined.txt

{
  "$NM" -u setparam_*.o | awk '$1 == "U" && $2 !~ /^_/ { print $2 }' >kernels.txt
  awk -v kernels="$KERNELS" '$1 !~ kernels || $1 ~ /^dgemm_small_kernel/ { print $1 ", trap" }' kernels.txt
  # Small products would have kernels of their own, some of which call malloc and do not look at what it returns. So
  # every product is said to be large.
  awk '/^dgemm_small_matrix_permit/ { print $1 ", no" }' kernels.txt
  awk '$2 ~ /^d.*_thread_/ { print $2 ", trap" }' defined.txt
  printf '%s, trap\n' exec_blas blas_level1_thread blas_level1_thread_with_return_value
  echo xerbla_, trap # what complains about wrong arguments
} | sort -u >places.txt
{
  echo 'void trap(void) { __builtin_trap(); }'
  echo 'int no(void) { return 0; }'
  sed 's/\(.*\), \(.*\)/__asm__(".globl \1\\n.set \1, \2");/' places.txt
} >places.c
"$CC" -O2 -fPIC -c places.c -o places.o

# A copy without the files that define what openblas.cpp defines: its memory, its threads, its choice of a kind.
cp "$archive" rest.a
removed=$(awk -v own=" $OWN " 'index(own, " " $2 " ") { print $1 }' defined.txt | sort -u)
"$AR" dS rest.a $removed
"$AR" s rest.a
"$LD" -r $keep places.o setparam_*.o rest.a -o all.o
printf '%s\n' $CALLED $sets >globals.txt
"$OBJCOPY" --keep-global-symbols=globals.txt all.o slim.o

unknown=$("$NM" -u slim.o | awk '{ print $2 }' | grep -vxE "$(echo "$OWN" | tr ' ' '|')|$LIBC" || true)
if [ -n "$unknown" ]; then
  echo "slim_openblas: $archive is built in another way than expected, it also needs:" $unknown >&2
  exit 1
fi
mv slim.o "$result"
