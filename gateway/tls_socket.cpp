#include "gateway/tls_socket.hpp"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace sluice::gateway {
namespace {

// 256 KiB a call, as a plain connection gets.
constexpr int receives_max = 4;
// Data waits with one record at most. The rest is for handshakes, and for clients that ask for new keys again and again
// and read none of the answers.
constexpr std::size_t pending_bytes_max = 65536;

TlsSocket& socket_of(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

int on_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  return socket_of(bio).put(bytes, size);
}

int on_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const int taken = socket_of(bio).take(into, size);
  // The end of the stream looks like "later" to OpenSSL, which else would take a client that only sends no more for
  // one that is gone.
  if (taken < 0 && !socket_of(bio).is_broken()) BIO_set_retry_read(bio);
  return taken;
}

long on_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker's socket");
  if (method == nullptr) throw std::bad_alloc();
  BIO_meth_set_write(method, on_write);
  BIO_meth_set_read(method, on_read);
  BIO_meth_set_ctrl(method, on_control);
  return method;
}

// A table of functions, the same for the whole process.
const BIO_METHOD* method() {
  static const BIO_METHOD* const one = make_method();
  return one;
}

void give_back(std::string& buffer) { std::string().swap(buffer); }

}  // namespace

BioHandle TlsSocket::make_bio() {
  BioHandle bio(BIO_new(method()));
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

void TlsSocket::begin(int descriptor) {
  scratch_->descriptor = descriptor;
  scratch_->receives_left = receives_max;
  scratch_->socket_bytes = 0;
  scratch_->unread = leftover_;
}

void TlsSocket::end(bool keeps_unread) {
  const std::string_view unread = keeps_unread ? scratch_->unread : std::string_view{};
  scratch_->unread = {};
  if (unread.empty()) {
    if (!leftover_.empty()) give_back(leftover_);
  } else if (unread.data() != leftover_.data()) {
    leftover_ = std::string(unread);
  }
}

int TlsSocket::take(char* into, int size) {
  if (scratch_->unread.empty() && !receive()) return -1;
  const std::size_t count = std::min(scratch_->unread.size(), static_cast<std::size_t>(size));
  std::memcpy(into, scratch_->unread.data(), count);
  scratch_->unread.remove_prefix(count);
  return static_cast<int>(count);
}

bool TlsSocket::receive() {
  while (scratch_->receives_left > 0) {
    const ssize_t taken =
        recv(scratch_->descriptor, scratch_->received.data(), scratch_->received.size(), MSG_DONTWAIT);
    if (taken < 0 && errno == EINTR) continue;
    if (taken > 0) {
      --scratch_->receives_left;
      scratch_->unread = {scratch_->received.data(), static_cast<std::size_t>(taken)};
      scratch_->socket_bytes += static_cast<std::size_t>(taken);
      return true;
    }
    if (taken == 0) has_ended_ = true;
    if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK) is_broken_ = true;
    // Not over the bound, if this was the last try.
    return false;
  }
  return false;
}

int TlsSocket::put(const char* bytes, int size) {
  std::string_view rest(bytes, static_cast<std::size_t>(size));
  if (pending_.empty()) rest.remove_prefix(send_some(rest));
  if (pending_.size() + rest.size() > pending_bytes_max) is_broken_ = true;
  if (is_broken_) return -1;
  pending_.append(rest);
  return size;
}

bool TlsSocket::flush() {
  if (pending_.empty()) return true;
  const std::size_t sent = send_some(pending_);
  if (sent < pending_.size()) {
    pending_.erase(0, sent);
    return false;
  }
  give_back(pending_);
  return true;
}

// Gives how many bytes the kernel took.
std::size_t TlsSocket::send_some(std::string_view bytes) {
  while (!bytes.empty() && !is_broken_) {
    const ssize_t sent = send(scratch_->descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      scratch_->socket_bytes += static_cast<std::size_t>(sent);
      return static_cast<std::size_t>(sent);
    }
    if (errno == EINTR) continue;
    is_broken_ = errno != EAGAIN && errno != EWOULDBLOCK;
    break;
  }
  return 0;
}

}  // namespace sluice::gateway
