// Compiles Asio once, for every file that includes its headers (BOOST_ASIO_SEPARATE_COMPILATION, cmake/compile.cmake).
#include <boost/asio/impl/src.hpp>
