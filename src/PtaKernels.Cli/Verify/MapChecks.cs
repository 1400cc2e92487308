using System.Text.Json;
using PtaKernels.Text;

namespace PtaKernels.Cli.Verify;

/// <summary>vocab_map: one source token, its key, the nearest target token over the whole target vocabulary, the distance.</summary>
internal sealed class VocabularyMapCheck(GoldenContext context) : GoldenCheck(context)
{
    public override GoldenResult Check(JsonElement row)
    {
        string source = row.GetProperty("source").GetString()!, target = row.GetProperty("target").GetString()!;
        if (Context.Vocabularies.FindPair(source, target) is not { } pair)
            return GoldenResult.Skip($"needs the vocabularies {source} and {target} in {Context.Vocabularies.Folder}");
        string token = row.GetProperty("source_token").GetString()!, mapped = row.GetProperty("mapped").GetString()!;
        int id = pair.Source.IdOf(token), distance = row.GetProperty("distance").GetInt32();
        if (id < 0)
            return GoldenResult.Fail($"{source} has no token \"{token}\"");
        VocabularyMap map = pair.Official.Map;
        map.Resolve(Backend, [id]);
        string? found = pair.Target.StringOf(map[id]);
        return found == mapped && map.DistanceOf(id) == distance
            ? GoldenResult.Pass
            : GoldenResult.Fail($"\"{token}\" maps to \"{found}\" at {map.DistanceOf(id)}, expected \"{mapped}\" at {distance}");
    }
}

/// <summary>align_mapping: an official mapping file; each entry is one row, checked as a search over the whole target vocabulary.</summary>
internal sealed class AlignMappingCheck : GoldenCheck
{
    private readonly VocabularyPair? _pair;
    private readonly string _names;
    private readonly Dictionary<string, int> _idOfKey = new(StringComparer.Ordinal);

    public AlignMappingCheck(GoldenContext context, string fileName)
        : base(context)
    {
        _names = fileName.Split('.')[1];
        string[] names = _names.Split('-');
        _pair = names.Length == 2 ? context.Vocabularies.FindPair(names[0], names[1]) : null;
        if (_pair is null)
            return;
        for (int id = 0; id < _pair.Source.Count; id++)
        {
            if (_pair.Source.StringOf(id)?.Replace(_pair.Source.Marker, _pair.Target.Marker, StringComparison.Ordinal) is { } key)
                _idOfKey[key] = id;
        }
    }

    public override IEnumerable<string> Rows(string path) =>
        OfficialMapping.Read(path).Select(static entry => JsonSerializer.Serialize(new[] { entry.Key, entry.Value }));

    public override GoldenResult Check(JsonElement row)
    {
        if (_pair is null)
            return GoldenResult.Skip($"needs the vocabularies of {_names} in {Context.Vocabularies.Folder}");
        string key = row[0].GetString()!, mapped = row[1].GetString()!;
        if (!_idOfKey.TryGetValue(key, out int id))
            return GoldenResult.Fail($"no {_pair.Source.Name} token has the key \"{key}\"");
        VocabularyMap map = _pair.Official.Map;
        map.Resolve(Backend, [id]);
        string? found = _pair.Target.StringOf(map[id]);
        return found == mapped ? GoldenResult.Pass : GoldenResult.Fail($"\"{key}\" maps to \"{found}\", expected \"{mapped}\"");
    }
}
