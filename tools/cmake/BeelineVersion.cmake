# build/<preset>/generated/version.h: the version from git, refreshed at configure time.
execute_process(COMMAND git describe --tags --always --dirty
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE BEELINE_VERSION
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT BEELINE_VERSION)
  set(BEELINE_VERSION "unknown")
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/version.h CONTENT
"#pragma once
#define BEELINE_VERSION \"@BEELINE_VERSION@\"
" @ONLY)
add_library(bl_version INTERFACE)
target_include_directories(bl_version INTERFACE ${CMAKE_BINARY_DIR}/generated)
