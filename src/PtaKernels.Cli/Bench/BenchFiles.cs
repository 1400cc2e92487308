using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PtaKernels.Cli.Bench;

/// <summary>One measured case beside one peer in a results file: a case has as many entries as peers. A clock stands only where the case is one of <see cref="DeviceCases"/>.</summary>
internal sealed record BenchEntry(
    string Case, string Backend, string Isa, int Threads, double Rate, string Unit, string Peer, double PeerRate, double Ratio,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Clock = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? LimitRate = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? LimitedBy = null);

/// <summary>How one case was measured.</summary>
internal sealed record BenchSpread(
    string Case, int Rounds, double RatioMin, double RatioMax, string Note, int Threads = 1,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Clock = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Peer = null);

/// <summary>Where and when a results file was made; <c>Peers</c> is what the peers were made of and its versions, which older files do not have.</summary>
internal sealed record BenchRunInfo(
    string Date, string Cpu, int Cores, string System, string Dotnet, string? Python, string? Numpy, double SecondsPerCase, BenchSpread[] Cases, string? Compiler = null,
    string? Rapidfuzz = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BenchDevice? Device = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? Peers = null);

/// <summary>The device of a GPU backend; the emulator has no capability and no driver.</summary>
internal sealed record BenchDevice(string Name, string? ComputeCapability, string? Driver);

/// <summary>A results file, an array of <see cref="BenchEntry"/>, and beside it <c>NAME.run.json</c> with the machine, the date and the versions.</summary>
internal static class BenchFiles
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static BenchEntry EntryOf(BenchResult result, IKernelBackend backend) => new(
        result.Case, backend.Name, backend.Isa, result.Threads, Significant(result.Rate), result.Unit, result.Peer, Significant(result.PeerRate), Significant(result.Ratio), result.Clock,
        result.Limit is { } limit ? Significant(limit.Rate) : null, result.Limit?.By);

    public static BenchSpread SpreadOf(BenchResult result) =>
        new(result.Case, result.Rounds, Significant(result.RatioMin), Significant(result.RatioMax), result.Note, result.Threads, result.Clock, result.Peer);

    public static void Write(string path, IEnumerable<BenchEntry> entries, BenchRunInfo run)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        File.WriteAllText(path, JsonSerializer.Serialize(entries, Options) + "\n");
        File.WriteAllText(RunPathOf(path), JsonSerializer.Serialize(run, Options) + "\n");
    }

    /// <exception cref="AlignmentDataException">One of the two files is missing or damaged.</exception>
    public static (BenchEntry[] Entries, BenchRunInfo Run) Read(string path)
    {
        try
        {
            return (JsonSerializer.Deserialize<BenchEntry[]>(File.ReadAllText(path), Options)!, JsonSerializer.Deserialize<BenchRunInfo>(File.ReadAllText(RunPathOf(path)), Options)!);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new AlignmentDataException($"{path}: {e.Message} Make it again with `pta bench --json {path}`.", e);
        }
    }

    /// <summary>A number with four significant digits: more would be noise in every diff.</summary>
    public static double Significant(double value) => double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string RunPathOf(string path) => Path.ChangeExtension(path, ".run.json");
}
