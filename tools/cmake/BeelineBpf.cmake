# The build path of the datapath: every source -> .bpf.o -> one linked object -> one skeleton header.
# Flags: docs/datapath/dialect.md says what each is for.
find_program(BPF_CLANG NAMES clang-19 REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

set(BEELINE_BPF_FLAGS -x c++ -std=c++20 -target bpf -mcpu=v3 -O2 -g -fstandalone-debug -gsimple-template-names
  -fno-autolink -fno-exceptions -fno-rtti -Wall -Wextra -Wshadow -Werror
  -I${CMAKE_SOURCE_DIR} -I/usr/include/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)

# For tools/check: the same flags where the build does not pass by.
string(REPLACE ";" "\n" flags_text "${BEELINE_BPF_FLAGS}")
file(WRITE ${CMAKE_BINARY_DIR}/bpf/flags.txt "${flags_text}\n")

# beeline_bpf_object(target NAME name SOURCES file.bpf.cpp...)
# Makes <build>/bpf/<name>.bpf.o and <build>/generated/<name>.skel.h; link <target> to include the skeleton.
function(beeline_bpf_object target)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${out} ${CMAKE_BINARY_DIR}/generated)
  set(objects "")
  foreach(source ${ARG_SOURCES})
    get_filename_component(stem ${source} NAME_WE)
    set(object ${out}/${ARG_NAME}.${stem}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${BPF_CLANG} ${BEELINE_BPF_FLAGS} -MD -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d COMMENT "BPF ${stem}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(linked ${out}/${ARG_NAME}.bpf.o)
  set(skeleton ${CMAKE_BINARY_DIR}/generated/${ARG_NAME}.skel.h)
  add_custom_command(OUTPUT ${linked} COMMAND ${BPFTOOL} gen object ${linked} ${objects}
    DEPENDS ${objects} COMMENT "BPF link ${ARG_NAME}" VERBATIM)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND sh -c "${BPFTOOL} gen skeleton ${linked} name ${ARG_NAME} > ${skeleton}"
    DEPENDS ${linked} COMMENT "BPF skeleton ${ARG_NAME}" VERBATIM)
  add_custom_target(${target}_skeleton DEPENDS ${skeleton})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_skeleton)
  target_include_directories(${target} SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} INTERFACE PkgConfig::LIBBPF)
endfunction()
