using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>What projection <c>byte</c> knows of two vocabularies under one byte tail, as kernels read it; grows with <see cref="ByteFits"/>. Thread-safe.</summary>
internal sealed class FitsOnDevice
{
    private readonly ByteFits _fits;
    private readonly double _byteTail;
    private readonly double[] _discounts;
    private readonly DeviceList<DeviceFit> _known;
    private readonly DeviceList<int> _tokens;
    private readonly DeviceList<TokenPlace> _places;
    private readonly DeviceList<double> _discountsThere;

    /// <summary>Nothing is on the device yet.</summary>
    /// <param name="tapes">The device's memory that stays.</param>
    /// <param name="pair">The vocabularies, with the target's encoder.</param>
    /// <param name="byteTail">Bits per byte.</param>
    public FitsOnDevice(DeviceTapes tapes, VocabularyPair pair, double byteTail)
    {
        _fits = pair.ByteFits;
        _byteTail = byteTail;
        _discounts = new double[pair.Target.Bytes.Longest + 1];
        ByteProjection.FillDiscounts(byteTail, _discounts);
        (_known, _tokens, _places, _discountsThere) = (new(tapes), new(tapes), new(tapes), new(tapes));
        _discountsThere.AddRange(_discounts);
        for (int token = 0; token < pair.Target.Count; token++)
            _places.Add(new TokenPlace { Place = _fits.Places[token], Length = pair.Target.Bytes[token].Length });
    }

    /// <summary>Brings to the device whatever was found before this call, and gives it to a kernel.</summary>
    /// <param name="lane">The lane whose stream copies.</param>
    /// <param name="arguments">Receives fits, their tokens, places and discounts.</param>
    public void Send(GpuLane lane, ref ByteProjectionKernel.Arguments arguments)
    {
        lock (_known)
        {
            foreach (ByteFit fit in _fits.From(_known.Count))
                Add(fit);
            arguments.Fits = _known.Send(lane);
            arguments.FitTokens = _tokens.Send(lane);
            arguments.Places = _places.Send(lane);
            arguments.Discounts = _discountsThere.Send(lane);
        }
    }

    private void Add(ByteFit fit)
    {
        IReadOnlyList<int> heaviest = fit.Heaviest(_byteTail);
        _known.Add(new DeviceFit
        {
            First = fit.First,
            FirstLength = fit.FirstLength,
            Length = fit.Length,
            Start = fit.Start,
            End = fit.End,
            Count = fit.Count,
            Tokens = _tokens.Count,
            Named = 1 + fit.Inside.Count,
            Heaviest = heaviest.Count,
            Discounts = fit.SumOf(_discounts),
        });
        _tokens.Add(fit.First);
        _tokens.AddRange(fit.Inside);
        _tokens.AddRange(heaviest);
    }
}
