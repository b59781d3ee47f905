// Compiles Asio's TLS once, for every file that includes its headers (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/ssl/impl/src.hpp>
