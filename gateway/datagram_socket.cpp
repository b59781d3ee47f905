#include "gateway/datagram_socket.hpp"

#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::size_t batch = 64;
// What one turn may gather before it is sent.
constexpr std::size_t gathered_max = 256, gathered_bytes_max = 262'144;
constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo));

using Control = std::array<char, control_bytes>;

in6_addr inside_ipv6(const in_addr& ipv4) {
  in6_addr address{};
  address.s6_addr[10] = address.s6_addr[11] = 0xFF;
  std::memcpy(address.s6_addr + 12, &ipv4, sizeof ipv4);
  return address;
}

// Which of our addresses a datagram came to, if the kernel says.
void read_local(const msghdr& header, UdpPeer& peer) {
  for (const cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr;
       one = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(one))) {
    if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(one), sizeof info);
      peer.local = info.ipi6_addr;
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) peer.interface = info.ipi6_ifindex;
    } else if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(one), sizeof info);
      peer.local = inside_ipv6(info.ipi_addr);
    }
  }
}

template <class Info>
void put_control(msghdr& header, Control& control, int level, int type, const Info& info) {
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(sizeof info);
  std::memset(control.data(), 0, header.msg_controllen);
  cmsghdr* const one = CMSG_FIRSTHDR(&header);
  one->cmsg_level = level;
  one->cmsg_type = type;
  one->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(one), &info, sizeof info);
}

// An answer comes from where the question went.
void write_local(const UdpPeer& peer, bool is_ipv6, msghdr& header, Control& control) {
  if (is_ipv6) {
    in6_pktinfo info{};
    info.ipi6_addr = peer.local;
    info.ipi6_ifindex = peer.interface;
    put_control(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, peer.local.s6_addr + 12, sizeof info.ipi_spec_dst);
    put_control(header, control, IPPROTO_IP, IP_PKTINFO, info);
  }
}

// What is wrong with one datagram, as opposed to what an earlier one met, which the kernel tells at the next occasion.
bool is_about_this_one(int error) {
  return error == EMSGSIZE || error == ENETUNREACH || error == EACCES || error == EPERM || error == EINVAL;
}

}  // namespace

struct DatagramSocket::Incoming {
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> pieces{};
  std::array<sockaddr_storage, batch> names{};
  std::array<Control, batch> controls{};
  std::unique_ptr<char[]> bytes;
};

DatagramSocket::DatagramSocket(int descriptor, const base::Address& address, std::size_t bytes_max)
    : descriptor_(descriptor),
      is_ipv6_(address.family() == AF_INET6),
      is_wildcard_(address.is_wildcard()),
      bytes_max_(bytes_max),
      incoming_(std::make_unique<Incoming>()) {
  incoming_->bytes = std::make_unique_for_overwrite<char[]>(batch * bytes_max);
}

DatagramSocket::~DatagramSocket() { close(descriptor_); }

UdpPeer DatagramSocket::peer_of(const Incoming& incoming, std::size_t index) const {
  UdpPeer peer;
  peer.address = base::Address::from(incoming.names[index]);
  if (is_wildcard_) read_local(incoming.headers[index].msg_hdr, peer);
  return peer;
}

std::size_t DatagramSocket::read(const Each& each) {
  Incoming& in = *incoming_;
  for (std::size_t index = 0; index < batch; ++index) {
    in.pieces[index] = {in.bytes.get() + index * bytes_max_, bytes_max_};
    msghdr& header = in.headers[index].msg_hdr;
    header = {};
    header.msg_name = &in.names[index];
    header.msg_namelen = sizeof in.names[index];
    header.msg_iov = &in.pieces[index];
    header.msg_iovlen = 1;
    header.msg_control = in.controls[index].data();
    header.msg_controllen = is_wildcard_ ? in.controls[index].size() : 0;
  }
  const int count = recvmmsg(descriptor_, in.headers.data(), batch, MSG_DONTWAIT, nullptr);
  for (int index = 0; index < count; ++index) {
    const auto at = static_cast<std::size_t>(index);
    const mmsghdr& one = in.headers[at];
    const int family = in.names[at].ss_family;
    if (family != AF_INET && family != AF_INET6) continue;
    each(peer_of(in, at), {static_cast<const char*>(in.pieces[at].iov_base), one.msg_len},
         (one.msg_hdr.msg_flags & MSG_TRUNC) != 0);
  }
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void DatagramSocket::read_errors(const std::function<void(const UdpPeer&)>& each) {
  // As many as there were datagrams of a batch: the rest is told again.
  for (std::size_t count = 0; count < batch; ++count) {
    sockaddr_storage name{};
    std::array<char, 512> control{};
    msghdr header{};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (recvmsg(descriptor_, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
      const bool is_error = (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR) ||
                            (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR);
      if (!is_error) continue;
      sock_extended_err error;
      std::memcpy(&error, CMSG_DATA(one), sizeof error);
      const bool is_remote = error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
      const bool is_known = name.ss_family == AF_INET || name.ss_family == AF_INET6;
      // What is too large for its path says nothing about who is at its end.
      if (!is_remote || !is_known || error.ee_errno == EMSGSIZE) continue;
      UdpPeer peer;
      peer.address = base::Address::from(name);
      each(peer);
    }
  }
}

bool DatagramSocket::gather(const UdpPeer& to, std::string_view bytes) {
  const auto is_full = [&] {
    return outgoing_.size() >= gathered_max || outgoing_bytes_.size() + bytes.size() > gathered_bytes_max;
  };
  if (is_full()) send();
  if (is_full() && !outgoing_.empty()) return false;
  outgoing_.push_back({to, outgoing_bytes_.size(), bytes.size()});
  outgoing_bytes_ += bytes;
  return true;
}

// Hands a batch to the kernel; returns how many it took. 0: an error, in errno.
std::size_t DatagramSocket::send_some(std::size_t from) {
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> pieces;
  std::array<Control, batch> controls;
  const std::size_t count = std::min(batch, outgoing_.size() - from);
  for (std::size_t index = 0; index < count; ++index) {
    const Outgoing& one = outgoing_[from + index];
    pieces[index] = {outgoing_bytes_.data() + one.begin, one.bytes};
    msghdr& header = headers[index].msg_hdr;
    header.msg_name = const_cast<sockaddr*>(one.to.address.socket_address());
    header.msg_namelen = one.to.address.socket_address_bytes();
    header.msg_iov = &pieces[index];
    header.msg_iovlen = 1;
    if (is_wildcard_) write_local(one.to, is_ipv6_, header, controls[index]);
  }
  const int taken = sendmmsg(descriptor_, headers.data(), static_cast<unsigned int>(count), MSG_DONTWAIT);
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

bool DatagramSocket::send() {
  std::size_t done = 0;
  bool was_told = false;
  while (done < outgoing_.size()) {
    const std::size_t taken = send_some(done);
    done += taken;
    sent_ += taken;
    if (taken > 0) {
      was_told = false;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM) break;
    // The kernel tells of an earlier datagram's fate, once; after that it is this one's.
    if (!is_about_this_one(errno) && !std::exchange(was_told, true)) continue;
    was_told = false;
    ++done;
    ++lost_;
  }
  if (done == outgoing_.size()) {
    outgoing_.clear();
    outgoing_bytes_.clear();
    return true;
  }
  const std::size_t cut = outgoing_[done].begin;
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(done));
  outgoing_bytes_.erase(0, cut);
  for (Outgoing& one : outgoing_) one.begin -= cut;
  return false;
}

std::size_t DatagramSocket::overflows() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t bytes = sizeof figures;
  const bool is_known = getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, figures.data(), &bytes) == 0;
  return is_known ? figures[SK_MEMINFO_DROPS] : 0;
}

}  // namespace sluice::gateway
