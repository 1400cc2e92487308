using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PtaKernels.Pipeline.Planning;

/// <summary>What another measurement left: results of <c>scripts/corpus-bench</c> or of <c>pta bench</c>.</summary>
internal sealed partial class RatesFile
{
    private readonly JsonElement _root;
    private readonly string _path;

    private RatesFile(string path, JsonElement root) => (_path, _root) = (path, root);

    /// <summary>Name of the file, for where a number comes from.</summary>
    public string Name => Path.GetFileName(_path);

    private bool IsCorpus => _root.ValueKind == JsonValueKind.Object;

    /// <summary>Reads a file.</summary>
    /// <exception cref="AlignmentDataException">It is missing, or holds no such results.</exception>
    public static RatesFile Read(string path)
    {
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: no such file; name results of `pta bench --json` or of scripts/corpus-bench.");
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = json.RootElement.Clone();
            if (root.ValueKind == JsonValueKind.Array || (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("runs", out _)))
                return new RatesFile(path, root);
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{path}: is not JSON ({e.Message.TrimEnd('.')}); name results of `pta bench --json` or of scripts/corpus-bench.", e);
        }

        throw new AlignmentDataException($"{path}: holds no results of `pta bench --json` or of scripts/corpus-bench.");
    }

    /// <summary>What aligning takes, from the largest run of a preset with so many sources; null where there is none.</summary>
    public FileRate? AlignmentOf(string preset, int sources)
    {
        if (!IsCorpus)
            return CaseOf("doc." + preset) is { } rate && sources == 1 ? new FileRate([1 / rate], null, $"{Name}, doc.{preset} on one thread, without files") : null;
        JsonElement? best = null;
        foreach (JsonElement run in _root.GetProperty("runs").EnumerateArray())
        {
            if (run.GetProperty("preset").GetString() == preset && run.GetProperty("sources").GetInt32() == sources && !(best is { } former && Tokens(former) >= Tokens(run)))
                best = run;
        }

        if (best is not { } found)
            return null;
        double threads = found.GetProperty("threads").GetDouble();
        double[] rounds = [.. found.GetProperty("all_seconds").EnumerateArray().Select(s => s.GetDouble() * threads / Tokens(found))];
        return new FileRate(rounds, found.GetProperty("bytes_per_token").GetDouble(), string.Create(CultureInfo.InvariantCulture, $"{Name}, {Tokens(found):N0} tokens disk to disk"));

        static double Tokens(JsonElement run) => run.GetProperty("target_tokens").GetDouble();
    }

    /// <summary>Operations per second of a training step on one core, from the rate of <c>train.step</c> and the number of weights that its note names; null where it was not measured.</summary>
    public double? TrainingRate()
    {
        string notes = Path.ChangeExtension(_path, ".run.json");
        if (CaseOf("train.step") is not { } rate || !File.Exists(notes))
            return null;
        Match weights = MillionWeights().Match(File.ReadAllText(notes));
        return weights.Success ? 6e6 * double.Parse(weights.Groups[1].Value, CultureInfo.InvariantCulture) * rate : null;
    }

    private double? CaseOf(string id)
    {
        if (IsCorpus)
            return null;
        foreach (JsonElement one in _root.EnumerateArray())
        {
            if (one.GetProperty("case").GetString() == id && (!one.TryGetProperty("threads", out JsonElement threads) || threads.GetInt32() == 1))
                return one.GetProperty("rate").GetDouble();
        }

        return null;
    }

    [GeneratedRegex(@"Llama of ([0-9.]+) M parameters")]
    private static partial Regex MillionWeights();
}

/// <summary>A rate of a file.</summary>
/// <param name="CoreSeconds">[rounds] seconds of a core per target token.</param>
/// <param name="BytesPerToken">Bytes written per target token, where the file says.</param>
/// <param name="From">File and case.</param>
internal sealed record FileRate(double[] CoreSeconds, double? BytesPerToken, string From);
