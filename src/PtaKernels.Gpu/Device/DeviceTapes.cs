using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>The tapes on one device, each copied once and kept while its <see cref="TokenTape"/> lives. Thread-safe.</summary>
internal sealed class DeviceTapes
{
    private readonly GpuDevice _device;
    private readonly ConditionalWeakTable<TokenTape, DeviceTape> _known = [];

    // Memory in use is reachable from here: its own finalizer must not run before that of the tape that gives it back.
    private readonly ConcurrentDictionary<IDisposable, bool> _inUse = [];
    private readonly ConcurrentQueue<IDisposable> _retired = [];

    /// <summary>No tapes yet.</summary>
    public DeviceTapes(GpuDevice device)
    {
        _device = device;
        device.Full += FreeRetired;
    }

    /// <summary>Pieces of memory that a tape or table still has.</summary>
    internal int InUse => _inUse.Count;

    /// <summary>A tape on the device.</summary>
    /// <exception cref="GpuException">The device is full.</exception>
    public DeviceTape Of(TokenTape tape) => _known.GetValue(tape, t => new DeviceTape(this, t));

    /// <summary>Memory for a tape.</summary>
    internal TapeMemory Allocate(long tokens, long quads)
    {
        FreeRetired();
        return Keep(new TapeMemory(_device, tokens, quads));
    }

    /// <summary>Memory that is taken piece by piece and stays.</summary>
    internal OwnedMemory AllocateOwned()
    {
        FreeRetired();
        return Keep(new OwnedMemory(_device));
    }

    /// <summary>Memory that no tape uses any more; freed when the next tape comes, at the latest with the device.</summary>
    internal void Retire(IDisposable memory)
    {
        if (_inUse.TryRemove(memory, out _))
            _retired.Enqueue(memory);
    }

    private void FreeRetired()
    {
        while (_retired.TryDequeue(out IDisposable? retired))
            retired.Dispose();
    }

    private T Keep<T>(T memory)
        where T : IDisposable
    {
        _inUse[memory] = true;
        return memory;
    }
}

/// <summary>Device memory of one tape.</summary>
internal sealed class TapeMemory : IDisposable
{
    private readonly GpuDevice _device;
    private readonly MemoryBuffer1D<TokenEntry, Stride1D.Dense> _tokens;
    private readonly MemoryBuffer1D<SymbolQuad, Stride1D.Dense> _quads;

    internal TapeMemory(GpuDevice device, long tokens, long quads)
    {
        _device = device;
        try
        {
            _tokens = device.Allocate<TokenEntry>(Math.Max(tokens, 1));
            _quads = device.Allocate<SymbolQuad>(Math.Max(quads, 1));
        }
        catch (GpuException)
        {
            device.Free(_tokens);
            throw;
        }
    }

    /// <summary>Whether so much fits.</summary>
    public bool Holds(long tokens, long quads) => tokens <= _tokens.Length && quads <= _quads.Length;

    /// <summary>The first tokens and quads.</summary>
    public TapeView View(long tokens, long quads) => new() { Tokens = _tokens.View.BaseView.SubView(0, tokens), Quads = _quads.View.BaseView.SubView(0, quads) };

    /// <summary>Copies from the host and waits.</summary>
    public void Write(long firstToken, ReadOnlySpan<TokenEntry> tokens, long firstQuad, ReadOnlySpan<SymbolQuad> quads)
    {
        using GpuLane lane = _device.Rent();
        Write(lane.Stream, firstToken, tokens, firstQuad, quads);
    }

    /// <inheritdoc cref="Write(long, ReadOnlySpan{TokenEntry}, long, ReadOnlySpan{SymbolQuad})"/>
    public void Write(AcceleratorStream stream, long firstToken, ReadOnlySpan<TokenEntry> tokens, long firstQuad, ReadOnlySpan<SymbolQuad> quads)
    {
        try
        {
            if (!tokens.IsEmpty)
                _tokens.View.BaseView.SubView(firstToken, tokens.Length).CopyFromCPU(stream, tokens);
            if (!quads.IsEmpty)
                _quads.View.BaseView.SubView(firstQuad, quads.Length).CopyFromCPU(stream, quads);
            stream.Synchronize();
        }
        catch (Exception e) when (_device.Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Copies a tape of the same device and waits.</summary>
    public void CopyFrom(TapeView view, long tokens, long quads)
    {
        using GpuLane lane = _device.Rent();
        if (tokens != 0)
            lane.Copy(view.Tokens.SubView(0, tokens), _tokens.View.BaseView.SubView(0, tokens));
        if (quads != 0)
            lane.Copy(view.Quads.SubView(0, quads), _quads.View.BaseView.SubView(0, quads));
        lane.Synchronize();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _device.Free(_tokens);
        _device.Free(_quads);
    }
}
