using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Values on the host and on one device, to which more are added. Not thread-safe.</summary>
/// <typeparam name="T">A blittable element.</typeparam>
/// <remarks>
/// A view taken earlier stays valid: memory that the list has outgrown, together less than what it has now, is kept as long as the list. Keep the list
/// reachable until what uses a view is synchronised.
/// </remarks>
internal sealed class DeviceList<T>(DeviceTapes tapes)
    where T : unmanaged
{
    private const int SmallestRoom = 1024;

    private readonly List<T> _values = [];
    private readonly List<OwnedMemory> _memory = [];
    private ArrayView<T> _view;
    private int _sent;

    /// <summary>Gives the memory back: it may not be freed here, on the finalizer's thread.</summary>
    ~DeviceList()
    {
        foreach (OwnedMemory memory in _memory)
            tapes.Retire(memory);
    }

    /// <summary>Number of values.</summary>
    public int Count => _values.Count;

    /// <summary>Adds a value on the host.</summary>
    public void Add(T value) => _values.Add(value);

    /// <summary>Adds values on the host.</summary>
    public void AddRange(IEnumerable<T> values) => _values.AddRange(values);

    /// <summary>Copies what was added to the device and waits for it, so that kernels of every lane may use it.</summary>
    /// <param name="lane">The lane whose stream copies.</param>
    /// <returns>All values.</returns>
    /// <exception cref="GpuException">The device is full.</exception>
    public ArrayView<T> Send(GpuLane lane)
    {
        if (_values.Count > _view.Length)
        {
            OwnedMemory memory = tapes.AllocateOwned();
            _memory.Add(memory);
            _view = memory.Take<T>(Math.Max(SmallestRoom, 2L * _values.Count));
            _sent = 0;
        }

        if (_sent < _values.Count)
        {
            lane.Write(_view.SubView(_sent, _values.Count - _sent), CollectionsMarshal.AsSpan(_values)[_sent..]);
            _sent = _values.Count;
        }

        return _view.SubView(0, _values.Count);
    }
}
