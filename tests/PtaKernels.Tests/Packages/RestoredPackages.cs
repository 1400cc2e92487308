using System.Text.Json;

namespace PtaKernels.Tests.Packages;

/// <summary>Which packages a project was given, from its assets file.</summary>
internal sealed class RestoredPackages
{
    private readonly Dictionary<string, string[]> _dependencies;

    /// <summary>Reads the assets of a restored project.</summary>
    public RestoredPackages(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "obj", "project.assets.json")));
        JsonElement target = json.RootElement.GetProperty("targets").EnumerateObject().First().Value;
        _dependencies = target.EnumerateObject().ToDictionary(
            static package => package.Name.Split('/')[0],
            static package => package.Value.TryGetProperty("dependencies", out JsonElement dependencies) ? dependencies.EnumerateObject().Select(static d => d.Name).ToArray() : [],
            StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>All packages that one brings, in alphabetical order.</summary>
    public string[] BroughtBy(string package)
    {
        var brought = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        Add(package);
        brought.Remove(package);
        return [.. brought];

        void Add(string id)
        {
            if (brought.Add(id))
            {
                foreach (string dependency in _dependencies[id])
                    Add(dependency);
            }
        }
    }
}
