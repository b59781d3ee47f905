# How every target of ours is compiled: link sluice_compile and get the language, the warnings and the sanitizers.
add_library(sluice_compile INTERFACE)
target_compile_features(sluice_compile INTERFACE cxx_std_20)
target_include_directories(sluice_compile INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sluice_compile INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -fno-strict-aliasing)
if(SLUICE_WERROR)
  target_compile_options(sluice_compile INTERFACE -Werror)
endif()
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio has fences, which ThreadSanitizer does not see; what depends on one of them alone would be reported.
    target_compile_options(sluice_compile INTERFACE -Wno-tsan)
  endif()
endif()
# Asio and Beast are compiled once, in base/boost_asio.cpp and base/boost_beast.cpp.
target_compile_definitions(sluice_compile INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# What the loader resolves is resolved at the start and read-only from then on, so that no bug can write there.
add_link_options(-Wl,-z,relro,-z,now)
find_program(CCACHE ccache)
if(CCACHE)
  # What was compiled in one checkout serves any other, wherever it lies.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
