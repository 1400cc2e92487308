namespace PtaKernels.Cli.Bench;

/// <summary>What some work needs at the very least: instructions on whole vectors by kind, and bytes. Fewer than a kernel executes is allowed, more is not.</summary>
internal readonly record struct LeastWork
{
    /// <summary>Logic, shifts, blends, and additions that saturate nowhere.</summary>
    public double Simple { get; init; }

    /// <summary>Saturating additions of 16 bits.</summary>
    public double SaturatingAdds { get; init; }

    /// <summary>Comparisons of 16-bit lanes.</summary>
    public double Compares { get; init; }

    /// <summary>Moves of bytes between lanes.</summary>
    public double Shuffles { get; init; }

    /// <summary>Multiplications of float64, alone or with an addition.</summary>
    public double Multiplies { get; init; }

    /// <summary>Additions of float64.</summary>
    public double Adds { get; init; }

    /// <summary>Divisions of float64.</summary>
    public double Divides { get; init; }

    /// <summary>Multiplications and additions of float32 in one.</summary>
    public double SingleFmas { get; init; }

    /// <summary>Loads of single values.</summary>
    public double ScalarLoads { get; init; }

    /// <summary>Bytes read that no cache holds.</summary>
    public double BytesRead { get; init; }

    /// <summary>Bytes written past the caches.</summary>
    public double BytesWritten { get; init; }

    public static LeastWork operator +(in LeastWork a, in LeastWork b) => new()
    {
        Simple = a.Simple + b.Simple,
        SaturatingAdds = a.SaturatingAdds + b.SaturatingAdds,
        Compares = a.Compares + b.Compares,
        Shuffles = a.Shuffles + b.Shuffles,
        Multiplies = a.Multiplies + b.Multiplies,
        Adds = a.Adds + b.Adds,
        Divides = a.Divides + b.Divides,
        SingleFmas = a.SingleFmas + b.SingleFmas,
        ScalarLoads = a.ScalarLoads + b.ScalarLoads,
        BytesRead = a.BytesRead + b.BytesRead,
        BytesWritten = a.BytesWritten + b.BytesWritten,
    };

    public static LeastWork operator *(double times, in LeastWork work) => new()
    {
        Simple = times * work.Simple,
        SaturatingAdds = times * work.SaturatingAdds,
        Compares = times * work.Compares,
        Shuffles = times * work.Shuffles,
        Multiplies = times * work.Multiplies,
        Adds = times * work.Adds,
        Divides = times * work.Divides,
        SingleFmas = times * work.SingleFmas,
        ScalarLoads = times * work.ScalarLoads,
        BytesRead = times * work.BytesRead,
        BytesWritten = times * work.BytesWritten,
    };

    /// <summary>The seconds below which no order of these instructions can go, and what binds: each kind has its ports, and all vector instructions together have no more than the simplest kind.</summary>
    public (double Seconds, string By) On(MachinePeaks peaks)
    {
        double vectors = Simple + SaturatingAdds + Compares + Shuffles + Multiplies + Adds + Divides + SingleFmas;
        (double Seconds, string By)[] bounds =
        [
            (vectors / peaks["vector.logic"], "vector instructions of any kind"),
            (SaturatingAdds / peaks["vector.add16"], "saturating additions"),
            (Compares / peaks["vector.compare16"], "comparisons"),
            (Shuffles / peaks["vector.shuffle"], "shuffles"),
            (Multiplies / Math.Max(peaks["f64.fma"], peaks["f64.multiply"]), "float64 multiplications"),
            (Adds / Math.Max(peaks["f64.add"], peaks["f64.fma"]), "float64 additions"),
            (Divides / peaks["f64.divide"], "float64 divisions"),
            (SingleFmas / peaks["f32.fma"], "float32 multiplications"),
            (ScalarLoads / peaks["scalar.load"], "loads"),
            (BytesRead / peaks["memory.read"], "memory reads"),
            (BytesWritten / peaks["memory.write"], "memory writes"),
        ];
        return bounds.MaxBy(static b => b.Seconds);
    }

    /// <summary>The limit of so many units of this work.</summary>
    public RateLimit Limit(MachinePeaks peaks, double units, string count)
    {
        (double seconds, string by) = On(peaks);
        return new RateLimit($"{by}; {count}", units / seconds);
    }
}
