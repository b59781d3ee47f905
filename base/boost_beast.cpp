// Compiles Beast once, for every file that includes its headers (BOOST_BEAST_SEPARATE_COMPILATION,
// cmake/compile.cmake).
#include <boost/beast/src.hpp>
