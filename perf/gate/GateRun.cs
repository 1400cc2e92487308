using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>One run: what is compared with what, what was built, and what was measured.</summary>
internal sealed class GateRun
{
    private readonly BaseBuild? _base;
    private readonly AcceptedGrowth _accepted;
    private readonly List<Measurement> _measurements = [];
    private readonly HashSet<string> _said = [];
    private BuiltTree? _own;
    private BuiltTree? _programs;

    /// <summary>Builds this tree's library and driver.</summary>
    /// <param name="checkout">The work tree.</param>
    /// <param name="options">The command line.</param>
    /// <exception cref="CannotMeasureException">native/ does not build.</exception>
    public GateRun(Checkout checkout, GateOptions options)
    {
        (Checkout, Options) = (checkout, options);
        Cache = Path.GetFullPath(options.Cache ?? Path.Combine(checkout.Root, "artifacts/perf"));
        Directory.CreateDirectory(Cache);
        string asked = options.Base ?? checkout.DefaultBase();
        Base = checkout.Find(asked) ?? "";
        ShortBase = Base.Length > 0 ? Base[..7] : asked;
        Library = BuiltTree.BuildLibrary(Path.Combine(checkout.Root, "native"), Path.Combine(checkout.Root, "artifacts/native/release"));
        string compiler = ChildProcess.Require(".", "g++", ["-dumpfullversion"]).Trim();
        Toolchain = $"g++ {compiler}, glibc {ChildProcess.Require(".", "ldd", ["--version"]).Split('\n')[0].Split(' ')[^1]}";
        Driver = BuildDriver(out string key);
        DriverKey = key;
        _base = Base.Length > 0 ? new BaseBuild(checkout, Cache, Base, compiler) : null;
        string accepted = Path.Combine(checkout.Root, AcceptedGrowth.FileName);
        _accepted = new AcceptedGrowth(File.Exists(accepted) ? File.ReadAllText(accepted) : "", Base.Length > 0 ? checkout.TextOf(Base, AcceptedGrowth.FileName) : "");
    }

    /// <summary>The work tree.</summary>
    public Checkout Checkout { get; }

    /// <summary>The command line.</summary>
    public GateOptions Options { get; }

    /// <summary>BASE's full hash; empty where this clone has no such commit.</summary>
    public string Base { get; }

    /// <summary>BASE as it is printed.</summary>
    public string ShortBase { get; }

    /// <summary>Where builds of BASE are kept.</summary>
    public string Cache { get; }

    /// <summary>This tree's native library.</summary>
    public string Library { get; }

    /// <summary>The program that runs kernels.</summary>
    public string Driver { get; }

    /// <summary>Stands for the driver's sources.</summary>
    public string DriverKey { get; }

    /// <summary>What instruction counts hold for.</summary>
    public string Toolchain { get; }

    /// <summary>What was measured so far.</summary>
    public IReadOnlyList<Measurement> Measurements => _measurements;

    /// <summary>This tree's programs, built when first asked for.</summary>
    /// <exception cref="CannotMeasureException">They do not build.</exception>
    public BuiltTree Programs => _own ??= BuiltTree.BuildPrograms(Checkout.Root);

    /// <summary>The kernels' names.</summary>
    public IReadOnlyList<string> Kernels() => ChildProcess.Require(Checkout.Root, Driver, ["list"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>BASE's native library; null, with a line, where there is nothing to compare.</summary>
    public string? BaseLibrary(string set)
    {
        if (_base is null || !_base.HasNative)
            return Nothing(set, _base is null ? "this clone has no such commit" : "it has no native library yet", _base is null);
        if (_base.SameNative && !Options.Force)
            return Say($"{set}: native/ is the same as in {ShortBase}.");
        return Build(set, () => _base.Library(Library));
    }

    /// <summary>BASE's programs; null, with a line, where there is nothing to compare.</summary>
    public BuiltTree? BasePrograms(string set)
    {
        if (_base is null || !_base.HasNative)
        {
            Nothing(set, _base is null ? "this clone has no such commit" : "it has no native library yet", _base is null);
            return null;
        }

        if (_base.SameManaged && _base.SameNative && !Options.Force)
        {
            Say($"{set}: src/ and native/ are the same as in {ShortBase}, so there is nothing to compare.");
            return null;
        }

        return _programs ??= Build(set, () => _base.Programs(Programs, _base.Library(Library)));
    }

    /// <summary>Takes measurements down and prints them.</summary>
    public void Add(params Measurement[] measurements)
    {
        foreach (Measurement m in measurements.Select(_accepted.Apply))
        {
            _measurements.Add(m);
            string verdict = m.Verdict switch { Verdict.Failed => m.Low is null ? "  MORE" : "  SLOWER", _ => "" };
            string line = string.Create(CultureInfo.InvariantCulture, $"  {m.Case,-30} {m.Kind,-18} ");
            line += m switch
            {
                { Verdict: Verdict.Skipped } => "CANNOT MEASURE",
                { Low: { } low, High: { } high } => string.Create(CultureInfo.InvariantCulture, $"{m.Ratio,7:F3}  {low:F3}..{high:F3}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"{m.New,12:F0} {m.Base,12:F0} {(m.Ratio is { } r ? 100 * (r - 1) : 100),+8:+0.00;-0.00;0.00} %"),
            };
            Console.WriteLine(line + verdict + (m.Note.Length > 0 ? "  " + m.Note : ""));
        }
    }

    private T? Build<T>(string set, Func<T> build)
        where T : class
    {
        try
        {
            return build();
        }
        catch (Exception e) when (e is CannotMeasureException or IOException)
        {
            Add(Measurement.Cannot(set, "BASE", "build", $"{ShortBase} does not build: {e.Message}"));
            return null;
        }
    }

    private string? Nothing(string set, string why, bool skipped)
    {
        if (skipped)
            Add(Measurement.Cannot(set, "BASE", "build", $"{ShortBase}: {why}."));
        else
            Say($"{set}: nothing to compare with {ShortBase}: {why}.");
        return null;
    }

    private string? Say(string line)
    {
        if (_said.Add(line))
            Console.WriteLine(line);
        return null;
    }

    private string BuildDriver(out string key)
    {
        string sources = Path.Combine(Checkout.Root, "perf/native"), driver = Path.Combine(Checkout.Root, "artifacts/perf/perf_driver");
        Directory.CreateDirectory(Path.GetDirectoryName(driver)!);
        ChildProcess.Require(Checkout.Root, "g++", ["-O2", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-I", Path.Combine(Checkout.Root, "native/include"), Path.Combine(sources, "perf_driver.cpp"), "-o", driver, "-ldl"]);
        byte[] text = [.. Directory.GetFiles(sources).Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];
        key = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(text))[..12];
        return driver;
    }
}
