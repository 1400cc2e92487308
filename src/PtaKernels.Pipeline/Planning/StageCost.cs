namespace PtaKernels.Pipeline.Planning;

/// <summary>The machines that a plan is for.</summary>
/// <param name="Nodes">How many.</param>
/// <param name="Cores">Cores of each, as the operating system counts them.</param>
/// <param name="Gpus">Devices of each.</param>
internal sealed record PlanMachines(int Nodes, int Cores, int Gpus);

/// <summary>What a stage takes for each token of the target; independent of how many there are, and of the machines.</summary>
internal sealed record StageCost
{
    /// <summary>The verb.</summary>
    public required string Stage { get; init; }

    /// <summary>The model, where there is a row for each.</summary>
    public string? Model { get; init; }

    /// <summary>Tokens that the stage works on.</summary>
    public required Estimate Tokens { get; init; }

    /// <summary>Bytes written; null where that is not known.</summary>
    public Estimate? Bytes { get; init; }

    /// <summary>Bytes written however many tokens there are.</summary>
    public double FixedBytes { get; init; }

    /// <summary>Processor seconds of all threads.</summary>
    public Estimate? CoreSeconds { get; init; }

    /// <summary>Seconds by the clock times cores, while all cores work.</summary>
    public Estimate? BusySeconds { get; init; }

    /// <summary>Seconds by the clock that one process takes however many cores it has.</summary>
    public Estimate SerialSeconds { get; init; }

    /// <summary>Seconds of a device.</summary>
    public Estimate? DeviceSeconds { get; init; }

    /// <summary>Seconds by the clock before a process does its work.</summary>
    public Estimate StartSeconds { get; init; }

    /// <summary>Processor seconds before a process does its work.</summary>
    public Estimate StartCoreSeconds { get; init; }

    /// <summary>What tokens cost that were not seen before; null where nothing is remembered.</summary>
    public NewTokens? New { get; init; }

    /// <summary>Whether the stage runs on one device, or on the cores of one node.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Where the figures come from.</summary>
    public required string From { get; init; }

    /// <summary>The row of a plan.</summary>
    /// <param name="tokens">Target tokens.</param>
    /// <param name="machines">The machines.</param>
    public PlanRow At(double tokens, PlanMachines machines)
    {
        int nodes = IsAlone ? 1 : machines.Nodes;
        Estimate? wall = null;
        if (DeviceSeconds is { } device)
            wall = device.Times(tokens / (nodes * (IsAlone ? 1 : Math.Max(1, machines.Gpus))));
        else if (BusySeconds is { } busy)
            wall = busy.Times(tokens / (nodes * (double)machines.Cores)).OrMore(SerialSeconds.Times(tokens / nodes)).Plus(StartSeconds).Plus(New?.In(tokens / nodes).Times(1.0 / machines.Cores) ?? default);
        Estimate? processor = CoreSeconds?.Times(tokens).Plus(StartCoreSeconds.Times(nodes)).Plus(New?.In(tokens / nodes).Times(nodes) ?? default);
        return new PlanRow(
            Stage, Model, Tokens.Times(tokens), Bytes is { } bytes ? bytes.Times(tokens).Plus(Estimate.Exactly(FixedBytes)) : FixedBytes > 0 ? Estimate.Exactly(FixedBytes) : null,
            processor?.Times(1.0 / Hour), DeviceSeconds?.Times(tokens / Hour), wall?.Times(1.0 / Hour), From);
    }

    private const double Hour = 3600;
}

/// <summary>What a process spends on tokens and rests of tokens that it meets for the first time: the nearest ones are searched once and kept.</summary>
/// <param name="Seconds">Seconds of a core, over so many target tokens.</param>
/// <param name="Tokens">Target tokens over which that was measured.</param>
internal readonly record struct NewTokens(double Seconds, double Tokens)
{
    /// <summary>How new words grow with a text: its square root (Heaps' law); at least not at all, at most with the power of three quarters.</summary>
    private const double Growth = 0.5, LeastGrowth = 0, MostGrowth = 0.75;

    /// <summary>Seconds of a core in a process that sees so many target tokens.</summary>
    public Estimate In(double tokens)
    {
        double times = Math.Max(1, tokens / Tokens);
        return new Estimate(Seconds * Math.Pow(times, Growth), Seconds * Math.Pow(times, LeastGrowth), Seconds * Math.Pow(times, MostGrowth));
    }
}

/// <summary>A stage in a plan.</summary>
/// <param name="Stage">The verb.</param>
/// <param name="Model">The model, where there is a row for each.</param>
/// <param name="Tokens">Tokens that it works on, of that model's tokenizer.</param>
/// <param name="DiskBytes">Bytes that it leaves on disk.</param>
/// <param name="CpuHours">Processor hours of all threads.</param>
/// <param name="GpuHours">Device hours.</param>
/// <param name="WallHours">Hours by the clock.</param>
/// <param name="From">Where the figures come from.</param>
internal sealed record PlanRow(string Stage, string? Model, Estimate Tokens, Estimate? DiskBytes, Estimate? CpuHours, Estimate? GpuHours, Estimate? WallHours, string From);
