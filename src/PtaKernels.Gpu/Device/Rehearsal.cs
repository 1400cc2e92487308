using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>What came back from the device during one call, so that the host's part of it can be run again without the device, to be timed.</summary>
/// <remarks>
/// While <see cref="Replays"/> is set nothing is queued: copies, clears and kernels are left out, and what was received stands ready in page-locked memory. A call
/// with the same documents several times over receives the same values several times over, so a short recording serves a full chunk.
/// </remarks>
internal sealed class Rehearsal
{
    private readonly List<byte[]> _received = [];
    private readonly ConcurrentDictionary<GpuLane, LaneState> _lanes = [];

    /// <summary>Whether the device is left out; else what it answers is kept.</summary>
    public bool Replays { get; set; }

    /// <summary>Stands in for a copy from the device.</summary>
    public void Receive<T>(GpuLane lane, ArrayView<T> view, Staged<T> staged)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(staged.Span);
        if (!Replays)
        {
            lane.Copy(view, staged.View);
            lane.Synchronize();
            _received.Add(bytes.ToArray());
            return;
        }

        // Lanes take their memory in the same order in every call, so what was filled in once is there again.
        LaneState state = _lanes.GetOrAdd(lane, static _ => new LaneState());
        byte[] once = _received[state.Next++];
        if (ReferenceEquals(lane.FilledBy, this))
            return;
        for (int at = 0; at < bytes.Length; at += once.Length)
            once.AsSpan(0, Math.Min(once.Length, bytes.Length - at)).CopyTo(bytes[at..]);
    }

    /// <summary>A call on a lane has ended.</summary>
    public void End(GpuLane lane)
    {
        lane.FilledBy = Replays ? this : null;
        if (_lanes.TryGetValue(lane, out LaneState? state))
            state.Next = 0;
    }

    private sealed class LaneState
    {
        public int Next { get; set; }
    }
}
